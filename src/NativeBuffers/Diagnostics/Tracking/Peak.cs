using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The most bytes that were live at a time.</summary>
/// <remarks>
/// One total that all threads write would cost more than the rest of tracking when two threads allocate. So each thread adds up its
/// changes, and publishes them when they exceed <see cref="MostPending"/>. A thread compares the peak with the total plus its own
/// pending bytes. For one thread that is exact. For several, the error is at most the pending bytes of the remaining threads.
/// </remarks>
internal static class Peak
{
    /// <summary>In bytes.</summary>
    public const long MostPending = 64 * 1024;

    private static long s_total;
    private static long s_highest;

    [ThreadStatic]
    private static ThreadPart? t_part;

    /// <summary>In bytes.</summary>
    public static long ByteCount => Volatile.Read(ref s_highest);

    /// <summary>Adds to the live bytes; subtracts if negative.</summary>
    public static void Add(long byteCount)
    {
        ThreadPart part = t_part ?? MakePart();
        long pending = part.Pending + byteCount;
        if (pending is > MostPending or < -MostPending)
        {
            _ = Interlocked.Add(ref s_total, pending);
            pending = 0;
        }

        part.Pending = pending;
        long known = Volatile.Read(ref s_total) + pending;
        if (known > Volatile.Read(ref s_highest))
        {
            Raise(known);
        }
    }

    private static void Raise(long known)
    {
        long before;
        do
        {
            before = Volatile.Read(ref s_highest);
        }
        while (known > before && Interlocked.CompareExchange(ref s_highest, known, before) != before);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ThreadPart MakePart() => t_part = new ThreadPart();

    /// <summary>The bytes that a thread has not published. The finalizer publishes them after the thread has ended.</summary>
    private sealed class ThreadPart
    {
        public long Pending;

        // Each thread writes to its own part.
#pragma warning disable CS0169, IDE0051 // Padding is not read.
        private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

        ~ThreadPart() => _ = Interlocked.Add(ref s_total, Pending);
    }
}
