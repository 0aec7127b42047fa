using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics;

/// <summary>Watches what a flow of calls does: all that is called between begin and end, on whichever thread the platform goes on with it.</summary>
/// <remarks>
/// <para>The flow is the platform's: tasks that are started within it, and what comes behind an <c>await</c>. Threads that serve it
/// use a cache in which nothing is hot, so that their blocks are asked for out of line. Others do not notice.</para>
/// <para>Who goes on behind the end (a timer, say) still has this in its flow: there it counts for nothing, and who
/// watched before it is asked instead.</para>
/// </remarks>
internal abstract class FlowHooks : AllocatorHooks
{
    private static readonly AsyncLocal<FlowHooks?> s_current = new(static change => Serve(change.CurrentValue));

    private readonly UninterruptedLock _adding = new();
    private readonly FlowHooks? _outer = Current;
    private readonly ConditionalWeakTable<NativeAllocator, NativeAllocator> _inFront = [];
    private bool _hasEnded;

    /// <summary>Who watches the flow that the caller is in; null if nobody.</summary>
    public static FlowHooks? Current => StillOn(s_current.Value);

    /// <summary>Who watched before, and does so still; null if nobody.</summary>
    public FlowHooks? Outer => StillOn(_outer);

    private bool HasEnded => Volatile.Read(ref _hasEnded);

    /// <summary>Watches, in addition to who did before, until <see cref="End"/>.</summary>
    public void Begin() => s_current.Value = this;

    /// <summary>Ends what <see cref="Begin"/> began, in the same flow.</summary>
    public void End()
    {
        EndElsewhere();
        s_current.Value = Outer;
    }

    /// <summary>Ends what <see cref="Begin"/> began in another flow: this one is left as it is.</summary>
    protected void EndElsewhere() => Volatile.Write(ref _hasEnded, true);

    /// <summary>Whether this is the one that this thread works for, or stands behind it.</summary>
    protected bool IsServed()
    {
        var watch = Flow as FlowHooks;
        while (watch is not null && watch != this)
        {
            watch = watch._outer;
        }

        return watch is not null && !HasEnded;
    }

    /// <inheritdoc/>
    protected sealed override NativeAllocator InFrontOf(NativeAllocator allocator)
    {
        if (HasEnded)
        {
            // Nobody has told this thread. Its block is asked for behind this, so it may change its cache.
            if (Flow == this)
            {
                Serve(s_current.Value);
            }

            return Outer is { } outer ? outer.InFrontOf(allocator) : allocator;
        }

        return _inFront.TryGetValue(allocator, out NativeAllocator? inFront) ? inFront : Add(allocator);
    }

    /// <inheritdoc/>
    protected override bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) =>
        Outer is { } outer && outer.RefusesBareHere(allocator, byteCount);

    /// <inheritdoc/>
    protected override void NoteRecoveryHere(Exception met) => Outer?.NoteRecoveryHere(met);

    /// <summary>An allocator that stands in front of another, ambient, for this flow. It does not lead here: this has it for as long as there is the other.</summary>
    protected abstract NativeAllocator Wrap(NativeAllocator inner);

    private static FlowHooks? StillOn(FlowHooks? watch)
    {
        while (watch is { HasEnded: true })
        {
            watch = watch._outer;
        }

        return watch;
    }

    private static void Serve(FlowHooks? watch)
    {
        Flow = StillOn(watch);
        ThreadCache.TurnAside(Flow is not null);
    }

    private NativeAllocator Add(NativeAllocator allocator)
    {
        // One at a time: waiting for the table's own lock could be interrupted.
        using (_adding.Enter())
        {
            return _inFront.GetValue(allocator, inner => Wrap(Outer is { } outer ? outer.InFrontOf(inner) : inner));
        }
    }
}
