using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A block of 1 MiB, written to, is doubled until it has 1 GiB, and keeps its contents.</summary>
/// <remarks>Both sides return the bytes at the end of the first mebibyte. Ours also promises that new bytes are zero.</remarks>
internal static class Doubling
{
    private const long First = 1 << 20;
    private const long Last = 1 << 30;

    public static long Owner()
    {
        using var owner = NativeMemoryOwner<byte>.CreateUninitialized(First);
        owner.Memory.Span.Fill(7);
        for (long byteCount = First * 2; byteCount <= Last; byteCount *= 2)
        {
            owner.Resize(byteCount);
        }

        return owner.Memory.Span[(int)First - 1];
    }

    public static unsafe long MallocCopyFree()
    {
        byte* block = (byte*)NativeMemory.Alloc((nuint)First);
        NativeMemory.Fill(block, (nuint)First, 7);
        for (long byteCount = First * 2; byteCount <= Last; byteCount *= 2)
        {
            byte* larger = (byte*)NativeMemory.Alloc((nuint)byteCount);
            NativeMemory.Copy(block, larger, (nuint)byteCount / 2);
            NativeMemory.Free(block);
            block = larger;
        }

        long found = block[First - 1];
        NativeMemory.Free(block);
        return found;
    }
}
