using System.Numerics;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Regions;

/// <summary>The sum of all bytes of a file: mapped, and read into an array.</summary>
/// <remarks>Both open the file again, and sum with the same code.</remarks>
internal static class FileSums
{
    /// <summary>The length that a careful program would choose: larger and smaller arrays were no faster.</summary>
    private const int ArrayLength = 1 << 18;

    private const int SpanLength = 1 << 30;

    public static long Mapped()
    {
        using var file = MappedFile<byte>.OpenRead(BigFile.Path);
        using ReadOnlyBorrow<byte> bytes = file.BorrowReadOnly();
        long sum = 0;
        for (long start = 0; start < bytes.Length; start += SpanLength)
        {
            sum += Sum(bytes.AsSpan(start, (int)long.Min(SpanLength, bytes.Length - start)));
        }

        return sum;
    }

    public static long Streamed()
    {
        // Without the stream's own buffer, which such reads pass by.
        using var file = new FileStream(BigFile.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        byte[] array = new byte[ArrayLength];
        long sum = 0;
        for (int count; (count = file.Read(array)) > 0;)
        {
            sum += Sum(array.AsSpan(0, count));
        }

        return sum;
    }

    private static long Sum(ReadOnlySpan<byte> bytes)
    {
        long sum = 0;
        ReadOnlySpan<Vector<byte>> vectors = MemoryMarshal.Cast<byte, Vector<byte>>(bytes);
        Vector<ulong> sums = default;
        foreach (Vector<byte> vector in vectors)
        {
            Vector.Widen(vector, out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low + high, out Vector<uint> first, out Vector<uint> second);
            Vector.Widen(first + second, out Vector<ulong> left, out Vector<ulong> right);
            sums += left + right;
        }

        foreach (byte value in bytes[(vectors.Length * Vector<byte>.Count)..])
        {
            sum += value;
        }

        return sum + (long)Vector.Sum(sums);
    }
}
