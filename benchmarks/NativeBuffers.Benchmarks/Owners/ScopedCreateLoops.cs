using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance.Buffers;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A block is created, one byte of it is written and read, and the block is given back: each way as a person writes it.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
[SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
internal static class ScopedCreateLoops
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Buffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount);
            buffer[0] = (byte)turn;
            sum += buffer[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Bare(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            unsafe
            {
                // SAFETY: the block has at least one byte, and is not used after the free.
                byte* block = (byte*)NativeMemory.Alloc((nuint)byteCount);
                block[0] = (byte)turn;
                sum += block[0];
                NativeMemory.Free(block);
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TryFinally(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            unsafe
            {
                // SAFETY: the block has at least one byte, and is not used after the free.
                byte* block = (byte*)NativeMemory.Alloc((nuint)byteCount);
                try
                {
                    block[0] = (byte)turn;
                    sum += block[0];
                }
                finally
                {
                    NativeMemory.Free(block);
                }
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int HGlobal(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            nint block = Marshal.AllocHGlobal(byteCount);
            try
            {
                unsafe
                {
                    // SAFETY: the block has at least one byte, and is not used after the free.
                    ((byte*)block)[0] = (byte)turn;
                    sum += ((byte*)block)[0];
                }
            }
            finally
            {
                Marshal.FreeHGlobal(block);
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ArrayPool(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            byte[] array = ArrayPool<byte>.Shared.Rent(byteCount);
            array[0] = (byte)turn;
            sum += array[0];
            ArrayPool<byte>.Shared.Return(array);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NewArray(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            byte[] array = new byte[byteCount];
            array[0] = (byte)turn;
            sum += array[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int SpanOwner(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using SpanOwner<byte> owner = SpanOwner<byte>.Allocate(byteCount);
            Span<byte> span = owner.Span;
            span[0] = (byte)turn;
            sum += span[0];
        }

        return sum;
    }
}
