namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Which guard stands in front of an allocator.</summary>
internal static class GuardedAllocators
{
    /// <summary>The one that stands in front of an allocator because a user asked for it.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is none of the modes.</exception>
    public static NativeAllocator Over(NativeAllocator inner, GuardMode mode) => Make(inner, mode, isAmbient: false);

    /// <summary>One that stands in front of an allocator in the whole process.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner, GuardMode mode) => Make(inner, mode, isAmbient: true);

    private static NativeAllocator Make(NativeAllocator inner, GuardMode mode, bool isAmbient) => mode switch
    {
        GuardMode.Off => inner,
        GuardMode.Checked => new CheckedAllocator(inner, isAmbient),
        GuardMode.Pages => new PageGuardAllocator(inner, isAmbient),
        GuardMode.Sampled => new SamplingAllocator(inner, isAmbient),
        _ => throw new ArgumentOutOfRangeException(nameof(mode)),
    };
}
