using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A block that starts at a multiple of 64 bytes is created, one byte is written and read, and it is given back.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class ScopedAlignedLoops
{
    private const int Alignment = 64;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Buffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount, NativeAllocator.Aligned(Alignment));
            buffer[0] = (byte)turn;
            sum += buffer[0];
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
                // SAFETY: the block has at least one byte, and is not used after the free.
                byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)byteCount, Alignment);
                try
                {
                    block[0] = (byte)turn;
                    sum += block[0];
                }
                finally
                {
                    NativeMemory.AlignedFree(block);
                }
            }
        }

        return sum;
    }
}
