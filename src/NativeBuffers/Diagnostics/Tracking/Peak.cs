using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The most bytes that were live at a time.</summary>
/// <remarks>
/// A total that all threads write would cost more than all else when two allocate. So each thread keeps back what it has not
/// told the others, up to <see cref="MostKeptBack"/>, and compares with the peak what it knows: the total, and its own part.
/// For one thread that is exact; for more it errs by no more than what the others keep back.
/// </remarks>
internal static class Peak
{
    /// <summary>In bytes.</summary>
    public const long MostKeptBack = 64 * 1024;

    private static long s_total;
    private static long s_highest;

    [ThreadStatic]
    private static Part? t_part;

    /// <summary>In bytes.</summary>
    public static long ByteCount => Volatile.Read(ref s_highest);

    /// <summary>So many bytes more are live, or fewer.</summary>
    public static void Add(long byteCount)
    {
        Part part = t_part ?? MakePart();
        long kept = part.KeptBack + byteCount;
        if (kept is > MostKeptBack or < -MostKeptBack)
        {
            _ = Interlocked.Add(ref s_total, kept);
            kept = 0;
        }

        part.KeptBack = kept;
        long known = Volatile.Read(ref s_total) + kept;
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
    private static Part MakePart() => t_part = new Part();

    /// <summary>What a thread has not told the others; when it has ended, they are told.</summary>
    private sealed class Part
    {
        public long KeptBack;

        // Each thread writes its own.
#pragma warning disable CS0169, IDE0051 // Nobody uses it.
        private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

        ~Part() => _ = Interlocked.Add(ref s_total, KeptBack);
    }
}
