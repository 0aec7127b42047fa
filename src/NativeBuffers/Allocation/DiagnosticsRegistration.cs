namespace NativeBuffers.Allocation;

/// <summary>Entry points of the diagnostics, for rooms that may not name them.</summary>
/// <remarks>
/// The module initializer of <c>Diagnostics/Startup</c> sets them once.
/// A class of its own, without a static constructor: the module initializer writes here before any other type of the library is
/// initialized. A <c>static readonly</c> field elsewhere that is filled from here is still a constant to the JIT.
/// </remarks>
internal static class DiagnosticsRegistration
{
    /// <summary>Makes the hooks of a process that was started with guards or tracking. Called at most once.</summary>
    public static Func<AllocatorHooks>? MakeProcessHooks { get; set; }

    /// <summary>Starts the meter and the event source, in the background; nothing if they are started. Throws nothing.</summary>
    public static Action? StartMetrics { get; set; }
}
