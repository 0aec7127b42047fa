namespace NativeBuffers.Interop;

/// <summary>Counts the uses of a handle that callers began by hand, so that callers cannot end more uses than they began.</summary>
/// <remarks>
/// The base class has one count for these uses and for native calls in flight. One release too many would end the use of such a call, and
/// free the block in the middle of the call. For any thread.
/// </remarks>
internal struct BegunUses
{
    private long _count;

    /// <summary>Counts a use that begins.</summary>
    public void Begin() => Interlocked.Increment(ref _count);

    /// <summary>Counts a use that ends; false if no use goes on.</summary>
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
