namespace NativeBuffers;

/// <summary>Counts the uses of a handle that a caller began by hand, so that no more are ended.</summary>
/// <remarks>
/// The base class counts them together with native calls in flight: one release too many would end the use of such a call, and
/// free the block in the middle of it. For any thread.
/// </remarks>
internal struct BegunUses
{
    private long _count;

    /// <summary>One more has begun.</summary>
    public void Begin() => Interlocked.Increment(ref _count);

    /// <summary>One ends; false if none goes on.</summary>
    public bool TryEnd()
    {
        long count = Volatile.Read(ref _count);
        while (count > 0)
        {
            long before = Interlocked.CompareExchange(ref _count, count - 1, count);
            if (before == count)
            {
                return true;
            }

            count = before;
        }

        return false;
    }
}
