namespace NativeBuffers.Instrumentation;

/// <summary>Stands for the library's own: nobody watches, and the compiler knows.</summary>
internal static class InstrumentationSwitch
{
    public const bool IsOn = false;
}
