using System.Numerics;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The sizes of large blocks: eight to each doubling from 256 KiB to 1 GiB. Above, a block has the size of its request.</summary>
/// <remarks>
/// The size of a request alone decides the size of its block. So a bare block can be freed by the size of its request. At most a
/// ninth of a block is unused. Fresh pages that were never touched take no memory.
/// </remarks>
internal static class LargeSizes
{
    /// <summary>The largest block that is kept, in bytes.</summary>
    public const uint LargestKept = 1024 * 1024 * 1024;

    /// <summary>The number of classes of kept blocks.</summary>
    public const int Count = 8 * 12;

    private const int FirstDoubling = 18;

    /// <summary>The size of the block for a request.</summary>
    /// <param name="byteCount">In bytes: above <see cref="SizeClasses.Largest"/>.</param>
    public static nuint RoundUp(nuint byteCount)
    {
        if (byteCount > LargestKept)
        {
            return byteCount;
        }

        nuint step = StepOf(byteCount);
        return (byteCount + (step - 1)) & ~(step - 1);
    }

    /// <summary>The number of request sizes that share the size of a block, if it is one of the kept.</summary>
    /// <param name="byteCount">The size of a request or a block, in bytes: above <see cref="SizeClasses.Largest"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint StepOf(nuint byteCount) => (nuint)1 << (BitOperations.Log2(byteCount - 1) - 3);

    /// <summary>The class of kept blocks of a size.</summary>
    /// <param name="blockBytes">A result of <see cref="RoundUp"/> that does not pass <see cref="LargestKept"/>.</param>
    public static int Of(nuint blockBytes)
    {
        nuint last = blockBytes - 1;
        int doubling = BitOperations.Log2(last);
        return (8 * (doubling - FirstDoubling)) + (int)((last >> (doubling - 3)) & 7);
    }
}
