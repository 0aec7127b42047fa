using System.Collections.Concurrent;
using NativeBuffers.Allocation;
using NativeBuffers.Buffers;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Which guard stands in front of an allocator.</summary>
internal static class GuardedAllocators
{
    /// <summary>Those in front of allocators that live forever, and therefore do so, too.</summary>
    private static readonly ConcurrentDictionary<(NativeAllocator Inner, GuardMode Mode), NativeAllocator> s_permanent = new();

    private static int s_isCheckedAtExit;

    /// <summary>The one that stands in front of an allocator because a user asked for it.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is none of the modes.</exception>
    public static NativeAllocator Over(NativeAllocator inner, GuardMode mode) =>
        inner.LivesForever && Enum.IsDefined(mode)
            ? s_permanent.GetOrAdd((inner, mode), static key => Make(key.Inner, key.Mode, isAmbient: false))
            : Make(inner, mode, isAmbient: false);

    /// <summary>One that stands in front of an allocator in the whole process; itself if one does already.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner, GuardMode mode)
    {
        if (mode == GuardMode.Checked && Interlocked.Exchange(ref s_isCheckedAtExit, 1) == 0)
        {
            ProcessEnd.Do(static () => NativeMemoryGuard.Check());
        }

        return inner.IsGuarded ? inner : Make(inner, mode, isAmbient: true);
    }

    /// <summary>Whether an allocator may give out blocks that another guard gave to it: one is behind it, or a user's own, of which nobody knows.</summary>
    public static bool MayHandOn(NativeAllocator allocator) => allocator.IsGuarded || allocator switch
    {
        WrappingAllocator wrapping => MayHandOn(wrapping.Inner),
        NativeMemoryBudget budget => MayHandOn(budget.Source),
        PoolStore pool => MayHandOn(pool.Inner),
        _ => allocator.GetType().Assembly != typeof(NativeAllocator).Assembly,
    };

    private static NativeAllocator Make(NativeAllocator inner, GuardMode mode, bool isAmbient) => mode switch
    {
        GuardMode.Off => inner,
        GuardMode.Checked => new CheckedAllocator(inner, isAmbient),
        GuardMode.Pages => new PageGuardAllocator(inner, isAmbient),
        GuardMode.Sampled => new SamplingAllocator(inner, isAmbient),
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode."),
    };
}
