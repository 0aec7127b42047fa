using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The block sizes that caches keep: multiples of 64 bytes to 512, then four to each doubling, to 256 KiB.</summary>
/// <remarks>
/// Four steps a doubling waste at most a fifth of a block, and the class takes seven instructions and no table. The idea
/// is jemalloc's. All sizes are whole cache lines, so that two buffers never share one. The class numbers of other sizes
/// (1, 2, 3, 5, 7) are never used.
/// </remarks>
internal static class SizeClasses
{
    /// <summary>The largest block that is cached, in bytes.</summary>
    public const uint Largest = 256 * 1024;

    /// <summary>The smallest block, and the alignment of all blocks, in bytes.</summary>
    public const uint Smallest = CacheLine.Size;

    /// <summary>The number of class numbers: the smallest, then four for each of twelve doublings.</summary>
    public const int Count = 1 + (4 * 12);

    /// <summary>The class whose blocks hold <paramref name="last"/> + 1 bytes.</summary>
    /// <param name="last">The last byte's index: the size minus 1, below <see cref="Largest"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint OfLast(uint last)
    {
        // The leading bit names the doubling, and the two bits after it the step.
        uint x = last | (Smallest - 1);
        uint leading = 31 ^ (uint)BitOperations.LeadingZeroCount(x);
        return (x >> ((int)leading - 2)) + (4 * leading) - 27;
    }

    /// <summary>The class whose blocks hold <paramref name="byteCount"/> bytes, which must not pass <see cref="Largest"/>.</summary>
    public static int Of(nuint byteCount) => (int)OfLast((uint)(nuint.Max(byteCount, 1) - 1));

    /// <summary>The size in bytes of the blocks of a class.</summary>
    public static nuint SizeOf(int sizeClass)
    {
        uint place = (uint)sizeClass + 3;
        return (nuint)((place & 3) + 5) << (int)((place >> 2) + 3);
    }

    /// <summary>A row of values, one for each size class.</summary>
    [InlineArray(Count)]
    internal struct Row<T>
        where T : unmanaged
    {
        private T _first;
    }
}
