using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Pools;

/// <summary>A thousand blocks are live at once: one byte of each is written, then each is read and given back, last first.</summary>
/// <remarks>
/// Scoped buffers are ref structs, which no array can hold: recursion holds them, and holds raw blocks in the same way
/// beside it. Where a program keeps raw blocks in an array, the allocator's bare blocks are the counterpart. Each loop
/// returns the sum of the values that it read, which is the same for all.
/// </remarks>
internal static class LiveBlocksLoops
{
    public const int BlockCount = 1000;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int BufferRecursion(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += HoldBuffers(BlockCount - 1, byteCount);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int RawRecursion(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += HoldRaw(BlockCount - 1, byteCount);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int RawArray(int turns, int byteCount)
    {
        int sum = 0;
        unsafe
        {
            // SAFETY: each block is read once after it was written, and is not used after its free.
            byte*[] blocks = new byte*[BlockCount];
            for (int turn = 0; turn < turns; turn++)
            {
                for (int i = 0; i < blocks.Length; i++)
                {
                    blocks[i] = (byte*)NativeMemory.Alloc((nuint)byteCount);
                    blocks[i][0] = (byte)i;
                }

                for (int i = blocks.Length - 1; i >= 0; i--)
                {
                    sum += blocks[i][0];
                    NativeMemory.Free(blocks[i]);
                }
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int AllocatorArray(int turns, int byteCount)
    {
        int sum = 0;
        unsafe
        {
            // SAFETY: each block is read once after it was written, and is not used after its free.
            byte*[] blocks = new byte*[BlockCount];
            for (int turn = 0; turn < turns; turn++)
            {
                for (int i = 0; i < blocks.Length; i++)
                {
                    blocks[i] = (byte*)NativeAllocator.Default.AllocateUninitialized((nuint)byteCount);
                    blocks[i][0] = (byte)i;
                }

                for (int i = blocks.Length - 1; i >= 0; i--)
                {
                    sum += blocks[i][0];
                    NativeAllocator.Default.Free(blocks[i], (nuint)byteCount);
                }
            }
        }

        return sum;
    }

    /// <summary>Leaves one raw block for good, above as many freed ones as are live at once: <c>malloc</c> then keeps their memory.</summary>
    public static void LeaveBlockAbove(int byteCount)
    {
        unsafe
        {
            // SAFETY: only addresses are kept, and each block but the last is freed once.
            byte*[] blocks = new byte*[BlockCount];
            for (int i = 0; i < blocks.Length; i++)
            {
                blocks[i] = (byte*)NativeMemory.Alloc((nuint)byteCount);
            }

            _ = NativeMemory.Alloc((nuint)byteCount);
            foreach (byte* block in blocks)
            {
                NativeMemory.Free(block);
            }
        }
    }

    private static int HoldBuffers(int depth, int byteCount)
    {
        using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount);
        buffer[0] = (byte)depth;
        int deeper = depth == 0 ? 0 : HoldBuffers(depth - 1, byteCount);
        return deeper + buffer[0];
    }

    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    private static int HoldRaw(int depth, int byteCount)
    {
        unsafe
        {
            // SAFETY: the block is read once after it was written, and is not used after its free.
            byte* block = (byte*)NativeMemory.Alloc((nuint)byteCount);
            block[0] = (byte)depth;
            int deeper = depth == 0 ? 0 : HoldRaw(depth - 1, byteCount);
            int sum = deeper + block[0];
            NativeMemory.Free(block);
            return sum;
        }
    }
}
