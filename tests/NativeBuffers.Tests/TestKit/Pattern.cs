namespace NativeBuffers.Tests.TestKit;

/// <summary>Bytes by which a block is known again: another seed, another pattern.</summary>
internal static class Pattern
{
    public static unsafe void Write(byte* block, nuint size, int seed) => Write(new Span<byte>(block, checked((int)size)), seed);

    public static unsafe void Verify(byte* block, nuint size, int seed) => Verify(new Span<byte>(block, checked((int)size)), seed);

    public static void Write(Span<byte> block, int seed)
    {
        for (int i = 0; i < block.Length; i++)
        {
            block[i] = At(i, seed);
        }
    }

    public static void Verify(ReadOnlySpan<byte> block, int seed)
    {
        for (int i = 0; i < block.Length; i++)
        {
            if (block[i] != At(i, seed))
            {
                Assert.Fail($"Byte {i} of {block.Length} holds {block[i]:X2}, not {At(i, seed):X2}: somebody else wrote here.");
            }
        }
    }

    private static byte At(int index, int seed) => (byte)((index * 31) + (seed * 17) + (index >> 8));
}
