namespace NativeBuffers.Instrumentation;

/// <summary>The one thing that the shortest paths know of guards and tracking.</summary>
/// <remarks>
/// The compiler takes a static that is read-only and initialised for a constant. So what stands behind <c>if (Switch.IsOn)</c>
/// is not there at all in a process that was started without; a test compares the machine code with that of a build in
/// which this is a constant.
/// </remarks>
internal static class InstrumentationSwitch
{
    /// <summary>Whether the process was started with guards or tracking: see <see cref="InstrumentationSettings"/>.</summary>
    public static readonly bool IsOn = InstrumentationSettings.Guard != GuardMode.Off || InstrumentationSettings.Tracking != TrackingMode.Off;
}
