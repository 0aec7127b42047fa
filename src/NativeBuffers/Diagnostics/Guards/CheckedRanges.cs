namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Where the blocks lie that an allocator has given to a guard and not got back: so that two that overlap are seen.</summary>
/// <remarks>
/// For a user's own allocators and C functions. The blocks of one allocator only: another one may divide a block of the first
/// among its own. A block counts until the allocator has it back, so also while the guard keeps it.
/// </remarks>
internal sealed class CheckedRanges
{
    private readonly UninterruptedLock _gate = new();
    private readonly SortedSet<(nuint Start, nuint ByteCount)> _ranges = [];

    /// <summary>Those of an allocator; null if the library's own functions allocate.</summary>
    public static CheckedRanges? For(NativeAllocator allocator) => IsForeign(allocator) ? new CheckedRanges() : null;

    /// <summary>Adds a block; if it overlaps another one, the other's range, and the block is not added.</summary>
    public (nuint Start, nuint ByteCount)? Add(nuint start, nuint byteCount)
    {
        using (_gate.Enter())
        {
            // The last one that starts before the new block's end: no other can reach further into it.
            (nuint Start, nuint ByteCount) last = _ranges.GetViewBetween((0, 0), (start + byteCount - 1, nuint.MaxValue)).Max;
            if (last.Start + last.ByteCount > start)
            {
                return last;
            }

            _ = _ranges.Add((start, byteCount));
            return null;
        }
    }

    /// <summary>The allocator gets a block back.</summary>
    public void Remove(nuint start, nuint byteCount)
    {
        using (_gate.Enter())
        {
            _ = _ranges.Remove((start, byteCount));
        }
    }

    private static bool IsForeign(NativeAllocator allocator) => allocator switch
    {
        WrappingAllocator wrapping => IsForeign(wrapping.Inner),
        NativeMemoryBudget budget => IsForeign(budget.Source),
        _ => allocator.IsForeign,
    };
}
