using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A zeroed block is created, its first byte is written, its first and last are read, and it is given back.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class ScopedZeroedLoops
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Buffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeBuffer.Create<byte>(byteCount);
            buffer[0] = (byte)turn;
            sum += buffer[0] + buffer[byteCount - 1];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    public static int TryFinally(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            unsafe
            {
                // SAFETY: both bytes are inside the block, and the block is not used after the free.
                byte* block = (byte*)NativeMemory.AllocZeroed((nuint)byteCount);
                try
                {
                    block[0] = (byte)turn;
                    sum += block[0] + block[byteCount - 1];
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
    public static int NewArray(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            byte[] array = new byte[byteCount];
            array[0] = (byte)turn;
            sum += array[0] + array[byteCount - 1];
        }

        return sum;
    }
}
