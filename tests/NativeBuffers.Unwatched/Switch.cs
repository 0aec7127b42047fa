namespace NativeBuffers.Watching;

/// <summary>Stands for the library's own: nobody watches, and the compiler knows.</summary>
internal static class Switch
{
    public const bool IsOn = false;
}
