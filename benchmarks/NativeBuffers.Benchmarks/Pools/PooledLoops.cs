using System.Buffers;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Pools;

/// <summary>A buffer is rented, one byte of it is written and read, and it is given back.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class PooledLoops
{
    private static readonly NativeMemoryPool<byte> s_own = new(new NativePoolOptions());

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int RentBuffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeMemoryPool<byte>.Shared.RentBuffer(byteCount);
            Span<byte> span = buffer.AsSpan();
            span[0] = (byte)turn;
            sum += span[0];
        }

        return sum;
    }

    /// <summary>The same, from a pool of its own.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int RentBufferOwn(int turns, int byteCount)
    {
        NativeMemoryPool<byte> pool = s_own;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = pool.RentBuffer(byteCount);
            Span<byte> span = buffer.AsSpan();
            span[0] = (byte)turn;
            sum += span[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int MemoryPool(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using IMemoryOwner<byte> owner = MemoryPool<byte>.Shared.Rent(byteCount);
            Span<byte> span = owner.Memory.Span;
            span[0] = (byte)turn;
            sum += span[0];
        }

        return sum;
    }
}
