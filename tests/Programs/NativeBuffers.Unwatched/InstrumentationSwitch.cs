namespace NativeBuffers.Instrumentation;

/// <summary>Replaces the library's switch: always off, which the compiler knows.</summary>
internal static class InstrumentationSwitch
{
    public const bool IsOn = false;
}
