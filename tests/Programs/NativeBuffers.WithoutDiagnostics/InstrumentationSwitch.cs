namespace NativeBuffers.Instrumentation;

/// <summary>Replaces the library's own: no process is instrumented, and the compiler knows.</summary>
internal static class InstrumentationSwitch
{
    public const bool IsOn = false;

    public static TrackingMode Tracking => TrackingMode.Off;

    public static GuardMode Guard => GuardMode.Off;

    public static SampleDistance SampleDistance => SampleDistance.Usual;
}
