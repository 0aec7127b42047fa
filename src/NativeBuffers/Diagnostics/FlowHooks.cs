using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics;

/// <summary>Hooks for a flow of calls: for all calls between begin and end, on any thread on which the platform runs them.</summary>
/// <remarks>
/// <para>The flow is that of <see cref="AsyncLocal{T}"/>: the tasks that are started in it, and the code after an <c>await</c>. Threads that
/// serve it use a cache without hot blocks, so that they request blocks out of line. Other threads do not notice.</para>
/// <para>Code that goes on after the end (a timer, say) still has these hooks in its flow. They do nothing there, and the hooks of the
/// outer flow take their place.</para>
/// </remarks>
internal abstract class FlowHooks : AllocatorHooks
{
    private static readonly AsyncLocal<FlowHooks?> s_current = new(static change => Serve(change.CurrentValue));

    private readonly UninterruptedLock _adding = new();
    private readonly FlowHooks? _outer = Current;
    private readonly ConditionalWeakTable<NativeAllocator, NativeAllocator> _wrapped = [];
    private bool _hasEnded;

    /// <summary>The hooks of the flow that the caller is in; null if there are none.</summary>
    public static FlowHooks? Current => NotEnded(s_current.Value);

    /// <summary>The hooks of the outer flow that have not ended; null if there are none.</summary>
    public FlowHooks? Outer => NotEnded(_outer);

    private bool HasEnded => Volatile.Read(ref _hasEnded);

    /// <summary>Begins the flow, in addition to outer ones, until <see cref="End"/>.</summary>
    public void Begin() => s_current.Value = this;

    /// <summary>Ends the flow from within.</summary>
    public void End()
    {
        EndElsewhere();
        s_current.Value = Outer;
    }

    /// <summary>Ends the flow from within another flow, which is left as it is.</summary>
    protected void EndElsewhere() => Volatile.Write(ref _hasEnded, true);

    /// <summary>Whether this thread works for this flow, or for one within it.</summary>
    protected bool IsServed()
    {
        var hooks = Flow as FlowHooks;
        while (hooks is not null && hooks != this)
        {
            hooks = hooks._outer;
        }

        return hooks is not null && !HasEnded;
    }

    /// <inheritdoc/>
    protected sealed override NativeAllocator InstrumentHere(NativeAllocator allocator)
    {
        if (HasEnded)
        {
            // This thread does not know of the end yet. It changes its cache now, before it gets the block.
            if (Flow == this)
            {
                Serve(s_current.Value);
            }

            return Outer is { } outer ? outer.InstrumentHere(allocator) : allocator;
        }

        return _wrapped.TryGetValue(allocator, out NativeAllocator? wrapped) ? wrapped : Add(allocator);
    }

    /// <inheritdoc/>
    protected override bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) =>
        Outer is { } outer && outer.RefusesBareHere(allocator, byteCount);

    /// <inheritdoc/>
    protected override void NoteRecoveryHere(Exception met) => Outer?.NoteRecoveryHere(met);

    /// <summary>Puts the ambient layer of this flow before an allocator.</summary>
    /// <remarks>The layer must not refer to these hooks, because they keep it as long as the allocator lives.</remarks>
    protected abstract NativeAllocator Wrap(NativeAllocator inner);

    private static FlowHooks? NotEnded(FlowHooks? hooks)
    {
        while (hooks is { HasEnded: true })
        {
            hooks = hooks._outer;
        }

        return hooks;
    }

    private static void Serve(FlowHooks? hooks)
    {
        Flow = NotEnded(hooks);
        ThreadCache.TurnAside(Flow is not null);
    }

    private NativeAllocator Add(NativeAllocator allocator)
    {
        // Under an own lock, because an interrupt could end the wait for the table's lock.
        using (_adding.Enter())
        {
            return _wrapped.GetValue(allocator, inner => Wrap(Outer is { } outer ? outer.InstrumentHere(inner) : inner));
        }
    }
}
