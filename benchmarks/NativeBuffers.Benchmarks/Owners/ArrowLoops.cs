using System.Buffers;
using System.Runtime.CompilerServices;
using Apache.Arrow.Memory;
using NativeBuffers.Arrow;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A block for Apache Arrow is allocated, one byte is written and read, and the block is disposed.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class ArrowLoops
{
    private static readonly NativeArrowAllocator s_collected = new();
    private static readonly NativeArrowAllocator s_cached = new(NativeAllocator.Default);
    private static readonly NativeMemoryAllocator s_arrow = new();

    /// <summary>Memory that the collector keeps alive.</summary>
    public static int Collected(int turns, int byteCount) => Turn(s_collected, turns, byteCount);

    /// <summary>Memory of the thread's cache.</summary>
    public static int Cached(int turns, int byteCount) => Turn(s_cached, turns, byteCount);

    /// <summary>Arrow's own allocator.</summary>
    public static int Arrow(int turns, int byteCount) => Turn(s_arrow, turns, byteCount);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Turn(MemoryAllocator allocator, int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using IMemoryOwner<byte> block = allocator.Allocate(byteCount);
            Span<byte> bytes = block.Memory.Span;
            bytes[0] = (byte)turn;
            sum += bytes[0];
        }

        return sum;
    }
}
