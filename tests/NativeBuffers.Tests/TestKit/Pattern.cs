using System.Numerics;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Bytes by which a block is known again: another seed, another pattern.</summary>
/// <remarks>In vectors, because the contracts of allocators write and verify gigabytes.</remarks>
internal static class Pattern
{
    /// <summary>The pattern of the seed 0, which repeats after these bytes. Another seed adds a constant to each byte.</summary>
    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, 65_536).Select(static index => (byte)((index * 31) + (index >> 8)))];

    public static unsafe void Write(byte* block, nuint size, int seed) => Write(new Span<byte>(block, checked((int)size)), seed);

    public static unsafe void Verify(byte* block, nuint size, int seed) => Verify(new Span<byte>(block, checked((int)size)), seed);

    public static void Write(Span<byte> block, int seed)
    {
        int index = 0;
        for (; index <= block.Length - Vector<byte>.Count; index += Vector<byte>.Count)
        {
            VectorAt(index, seed).CopyTo(block[index..]);
        }

        for (; index < block.Length; index++)
        {
            block[index] = At(index, seed);
        }
    }

    public static void Verify(ReadOnlySpan<byte> block, int seed)
    {
        int index = 0;
        while (index <= block.Length - Vector<byte>.Count && new Vector<byte>(block[index..]) == VectorAt(index, seed))
        {
            index += Vector<byte>.Count;
        }

        for (; index < block.Length; index++)
        {
            if (block[index] != At(index, seed))
            {
                Assert.Fail($"Byte {index} of {block.Length} holds {block[index]:X2}, not {At(index, seed):X2}: other code wrote here.");
            }
        }
    }

    private static byte At(int index, int seed) => (byte)(s_bytes[index % s_bytes.Length] + (seed * 17));

    /// <remarks>The index is a multiple of the vector's length.</remarks>
    private static Vector<byte> VectorAt(int index, int seed) =>
        new Vector<byte>(s_bytes, index % s_bytes.Length) + new Vector<byte>((byte)(seed * 17));
}
