using System.Collections.Concurrent;
using NativeBuffers.Allocation;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The guards around allocators: one for each mode.</summary>
internal static class GuardedAllocators
{
    /// <summary>The guards around allocators that live forever; these guards live forever, too.</summary>
    private static readonly ConcurrentDictionary<(NativeAllocator Inner, GuardMode Mode), NativeAllocator> s_permanent = new();

    private static int s_isCheckedAtExit;

    /// <summary>A guard that the user asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not a mode.</exception>
    public static NativeAllocator Wrap(NativeAllocator inner, GuardMode mode) =>
        inner.LivesForever && Enum.IsDefined(mode)
            ? s_permanent.GetOrAdd((inner, mode), static key => Make(key.Inner, key.Mode, isAmbient: false))
            : Make(inner, mode, isAmbient: false);

    /// <summary>A guard for the whole process; the allocator itself if it is guarded.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner, GuardMode mode)
    {
        if (mode == GuardMode.Checked && Interlocked.Exchange(ref s_isCheckedAtExit, 1) == 0)
        {
            ProcessEnd.Do(static () => NativeMemoryGuard.Check());
        }

        return inner.Layers.HasGuard ? inner : Make(inner, ModeFor(inner, mode), isAmbient: true);
    }

    /// <summary>Whether an allocator may give out blocks of another guard: because it wraps a guard, or is a user's own.</summary>
    public static bool MayHandOn(NativeAllocator allocator) =>
        allocator.Layers.HasGuard || allocator.Layers.Has(AllocatorLayers.GuardAfterPool)
        || allocator.Source.GetType().Assembly != typeof(NativeAllocator).Assembly;

    /// <summary>The mode for an allocator, if the process has this one. Blocks that are parts of arrays stay so: they get no pages of their own.</summary>
    private static GuardMode ModeFor(NativeAllocator inner, GuardMode mode) => !inner.HasArrays ? mode : mode switch
    {
        GuardMode.Pages => GuardMode.Checked,
        GuardMode.Sampled => GuardMode.Off,
        _ => mode,
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
