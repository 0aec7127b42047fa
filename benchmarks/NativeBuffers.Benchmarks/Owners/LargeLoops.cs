using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Some large blocks are alive at once: their ends are written, or a byte of each page, and they are given back, last first.</summary>
/// <remarks>
/// Recursion holds them, as in <see cref="Pools.LiveBlocksLoops"/>. Each loop returns the sum of the values that it read, which is the same
/// for all.
/// </remarks>
internal sealed class LargeLoops(int alive, bool touchesPages)
{
    private const int PageBytes = 4096;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Buffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += HoldBuffer(alive - 1, byteCount);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int ArrayPool(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += HoldArray(alive - 1, byteCount);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Malloc(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += HoldRaw(alive - 1, byteCount);
        }

        return sum;
    }

    private int HoldBuffer(int deeper, int byteCount)
    {
        using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount);
        Touch(buffer.AsSpan(), deeper);
        return (deeper == 0 ? 0 : HoldBuffer(deeper - 1, byteCount)) + buffer[0];
    }

    private int HoldArray(int deeper, int byteCount)
    {
        byte[] array = ArrayPool<byte>.Shared.Rent(byteCount);
        Touch(array.AsSpan(0, byteCount), deeper);
        int sum = (deeper == 0 ? 0 : HoldArray(deeper - 1, byteCount)) + array[0];
        ArrayPool<byte>.Shared.Return(array);
        return sum;
    }

    private int HoldRaw(int deeper, int byteCount)
    {
        unsafe
        {
            // SAFETY: the block has byteCount bytes, and is not used after its free.
            byte* block = (byte*)NativeMemory.Alloc((nuint)byteCount);
            Touch(new Span<byte>(block, byteCount), deeper);
            int sum = (deeper == 0 ? 0 : HoldRaw(deeper - 1, byteCount)) + block[0];
            NativeMemory.Free(block);
            return sum;
        }
    }

    private void Touch(Span<byte> bytes, int value)
    {
        bytes[0] = (byte)value;
        bytes[^1] = (byte)value;
        if (touchesPages)
        {
            for (int i = PageBytes; i < bytes.Length; i += PageBytes)
            {
                bytes[i] = (byte)value;
            }
        }
    }
}
