using System.Security.Cryptography;

namespace NativeBuffers.Tests.TestKit;

/// <summary>More than 100 MiB of known bytes. A piece that is lost, doubled or put elsewhere changes the hash.</summary>
internal static class Payload
{
    public const int Length = 105_000_017;

    // Longer than any piece that is moved at once, and a multiple of none of them.
    private static readonly byte[] s_period = MakePeriod();
    private static readonly Lazy<string> s_hash = new(MakeHash);

    /// <summary>The hash of all bytes, in hexadecimal digits.</summary>
    public static string Hash => s_hash.Value;

    /// <summary>Writes the bytes that belong at a position, as many as there is room for.</summary>
    public static void Write(Span<byte> target, long position)
    {
        while (!target.IsEmpty)
        {
            ReadOnlySpan<byte> piece = s_period.AsSpan((int)(position % s_period.Length));
            piece = piece[..int.Min(piece.Length, target.Length)];
            piece.CopyTo(target);
            target = target[piece.Length..];
            position += piece.Length;
        }
    }

    public static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static byte[] MakePeriod()
    {
        byte[] period = new byte[1_000_003];
        new Random(20).NextBytes(period);
        return period;
    }

    private static string MakeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[1 << 20];
        for (int position = 0; position < Length; position += piece.Length)
        {
            Span<byte> rest = piece.AsSpan(0, int.Min(piece.Length, Length - position));
            Write(rest, position);
            hash.AppendData(rest);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
