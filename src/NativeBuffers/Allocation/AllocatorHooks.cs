using NativeBuffers.Instrumentation;

namespace NativeBuffers.Allocation;

/// <summary>Who stands between owners and their allocators: for the whole process, or for what a flow of calls does.</summary>
/// <remarks>
/// Owners that ask for a block out of line look here. The shortest paths do not: in a watched process they find nothing hot,
/// and while a thread works for a watched flow, it uses a cache in which nothing ever is.
/// </remarks>
internal abstract class AllocatorHooks
{
    private static readonly AllocatorHooks? s_process = InstrumentationSwitch.IsOn ? DiagnosticsRegistration.MakeProcessHooks!() : null;

    [ThreadStatic]
    private static AllocatorHooks? t_flow;

    [ThreadStatic]
    private static bool t_isDue;

    [ThreadStatic]
    private static int t_untilSample;

    [ThreadStatic]
    private static double t_bytesUntilSample;

    /// <summary>
    /// Told of bare blocks that come back to the default allocator, or to what stands in front of it, by their addresses: before they
    /// are freed, or when they have moved. Nobody listens while no flow's blocks are to be found outside of it. Must not throw.
    /// </summary>
    public static event Action<NativeAllocator, nint>? BareBlockFreed;

    /// <summary>Whether anybody watches, on this thread or everywhere.</summary>
    public static bool IsOn => t_flow is not null || s_process is not null;

    /// <summary>Whether each block is watched, and not only samples.</summary>
    public static bool SeesAll => t_flow is not null || s_process is { IsSampling: false };

    /// <summary>Who watches the flow that this thread works for; null if nobody.</summary>
    public static AllocatorHooks? Flow
    {
        get => t_flow;
        set => t_flow = value;
    }

    /// <summary>Whether this takes no more than samples.</summary>
    public virtual bool IsSampling => false;

    /// <summary>What stands in front of an allocator now; itself if nothing.</summary>
    public static NativeAllocator Over(NativeAllocator allocator)
    {
        AllocatorHooks? flow = t_flow;
        if (flow is null && s_process is null)
        {
            return allocator;
        }

        NativeAllocator behind = WrappingAllocator.Behind(allocator);
        NativeAllocator watched = s_process is null ? behind : s_process.InFrontOf(behind);
        return flow is null ? watched : flow.InFrontOf(watched);
    }

    /// <summary>
    /// What the user asked for, or the guard in front of it for the whole process: what wraps an allocator on request stands in
    /// front of the guard, so that limits and plans count what was asked for.
    /// </summary>
    public static NativeAllocator Guarded(NativeAllocator allocator)
    {
        NativeAllocator behind = WrappingAllocator.Behind(allocator);
        return s_process is null ? behind : s_process.GuardInFrontOf(behind);
    }

    /// <summary>What stands in front of an allocator everywhere, for each of its blocks; null if nothing.</summary>
    public static NativeAllocator? AlwaysOver(NativeAllocator allocator) =>
        s_process is { IsSampling: false } process ? process.InFrontOf(allocator) : null;

    /// <summary>What stands in front of an allocator now, for a block that came from elsewhere: guards would not know it.</summary>
    public static NativeAllocator OverAdopted(NativeAllocator allocator) => IsOn ? Over(allocator).ForAdopted : allocator;

    /// <summary>Counts one block of this thread's that no bin counts, and says whether it is to be a sample.</summary>
    public static bool CountDown(nuint byteCount)
    {
        if (!InstrumentationSettings.SampleDistance.IsInBytes)
        {
            t_untilSample--;
            return IsDue(ref t_untilSample, byteCount);
        }

        if (t_bytesUntilSample <= 0)
        {
            t_bytesUntilSample = InstrumentationSettings.SampleDistance.NextBytes(Random.Shared);
        }

        t_bytesUntilSample -= byteCount;
        return t_bytesUntilSample <= 0;
    }

    /// <summary>Counts a block of one size. True at the end of the count, which then begins anew. Before the first count it is below 0.</summary>
    public static bool IsDue(ref int left, nuint byteCount)
    {
        if (left > 0)
        {
            return false;
        }

        if (left < 0)
        {
            left = InstrumentationSettings.SampleDistance.NextBlocks(byteCount, Random.Shared) - 1;
        }

        bool isDue = left == 0;
        if (isDue)
        {
            left = InstrumentationSettings.SampleDistance.NextBlocks(byteCount, Random.Shared);
        }

        return isDue;
    }

    /// <summary>Whether a block that no bin counts is to be asked for where it is watched.</summary>
    public static bool TakesNext(nuint byteCount)
    {
        if (SeesAll)
        {
            return true;
        }

        if (!IsOn || !CountDown(byteCount))
        {
            return false;
        }

        SetDue();
        return true;
    }

    /// <summary>Says that the next block on this thread is to be a sample.</summary>
    public static void SetDue() => t_isDue = true;

    /// <summary>Whether <see cref="SetDue"/> was called; true once.</summary>
    public static bool TakeDue()
    {
        bool isDue = t_isDue;
        t_isDue = false;
        return isDue;
    }

    /// <summary>Whether a bare block is refused that the program asks an allocator for, because the flow is to see what comes of it.</summary>
    public static bool RefusesBare(NativeAllocator allocator, nuint byteCount) => t_flow is { } flow && flow.RefusesBareHere(allocator, byteCount);

    /// <summary>Says that a lack of memory was met by another way on purpose: nobody need hear of it.</summary>
    /// <param name="met">The exception that told of it, which was caught.</param>
    public static void NoteRecovery(Exception met) => t_flow?.NoteRecoveryHere(met);

    /// <summary>Says that a bare block comes back.</summary>
    /// <param name="allocator">
    /// What it comes back to. Who stands there himself hears of it anyway, and of whether it succeeds. Other allocators than the
    /// default one may give out parts of its blocks, at the same addresses.
    /// </param>
    /// <param name="address">Its first byte.</param>
    public static void NoteBareFree(NativeAllocator allocator, nint address)
    {
        if (BareBlockFreed is { } told && WrappingAllocator.Behind(allocator).IsDefault)
        {
            told(allocator, address);
        }
    }

    /// <summary>Tells that a scoped owner was disposed through one copy, and then through another copy. Throws nothing.</summary>
    /// <param name="start">The block's first byte; for information.</param>
    /// <param name="byteCount">The block's size.</param>
    /// <param name="allocated">The line that allocated the block.</param>
    /// <param name="first">The line that gave it back.</param>
    /// <param name="second">The line of the second disposal, which freed nothing.</param>
    public static void TellDisposedTwice(nint start, nuint byteCount, AllocationSite allocated, AllocationSite first, AllocationSite second)
    {
        try
        {
            s_process?.TellDisposedTwiceHere(start, byteCount, allocated, first, second);
        }
        catch (Exception)
        {
            // Memory is exhausted, or the error stream is closed.
        }
    }

    /// <inheritdoc cref="TellDisposedTwice"/>
    protected virtual void TellDisposedTwiceHere(nint start, nuint byteCount, AllocationSite allocated, AllocationSite first, AllocationSite second)
    {
    }

    /// <inheritdoc cref="RefusesBare"/>
    protected virtual bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) => false;

    /// <inheritdoc cref="NoteRecovery"/>
    protected virtual void NoteRecoveryHere(Exception met)
    {
    }

    /// <summary>The guard in front of an allocator; itself if there is none.</summary>
    protected virtual NativeAllocator GuardInFrontOf(NativeAllocator allocator) => allocator;

    /// <summary>What stands in front of an allocator; the same each time, as far as the allocator lives forever.</summary>
    /// <param name="allocator">What the user asked for, or what stands in front of it for the whole process.</param>
    protected abstract NativeAllocator InFrontOf(NativeAllocator allocator);
}
