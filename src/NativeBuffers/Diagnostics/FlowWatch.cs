using System.Runtime.CompilerServices;
using NativeBuffers.Caches;
using NativeBuffers.Watching;

namespace NativeBuffers.Diagnostics;

/// <summary>Watches what a flow of calls does: all that is called between begin and end, on whichever thread the platform goes on with it.</summary>
/// <remarks>
/// The flow is the platform's: tasks that are started within it, and what comes behind an <c>await</c>. Threads that serve it
/// use a cache in which nothing is hot, so that their blocks are asked for out of line. Others do not notice.
/// </remarks>
internal abstract class FlowWatch : Watch
{
    private static readonly AsyncLocal<FlowWatch?> s_current = new(static change =>
    {
        Flow = change.CurrentValue;
        ThreadCache.TurnAside(change.CurrentValue is not null);
    });

    private readonly UninterruptedLock _adding = new();
    private readonly FlowWatch? _outer = s_current.Value;
    private readonly ConditionalWeakTable<NativeAllocator, NativeAllocator> _inFront = [];

    /// <summary>Who watches the flow that the caller is in; null if nobody.</summary>
    public static FlowWatch? Current => s_current.Value;

    /// <summary>Watches, in addition to who did before, until <see cref="End"/>.</summary>
    public void Begin() => s_current.Value = this;

    /// <summary>Ends what <see cref="Begin"/> began, in the same flow.</summary>
    public void End() => s_current.Value = _outer;

    /// <inheritdoc/>
    protected sealed override NativeAllocator InFrontOf(NativeAllocator allocator) =>
        _inFront.TryGetValue(allocator, out NativeAllocator? inFront) ? inFront : Add(allocator);

    private NativeAllocator Add(NativeAllocator allocator)
    {
        // One at a time: waiting for the table's own lock could be interrupted.
        using (_adding.Enter())
        {
            return _inFront.GetValue(allocator, inner => Wrap(_outer is null ? inner : _outer.InFrontOf(inner)));
        }
    }

    /// <summary>An allocator that stands in front of another, ambient, for this flow.</summary>
    protected abstract NativeAllocator Wrap(NativeAllocator inner);
}
