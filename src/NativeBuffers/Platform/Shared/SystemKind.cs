namespace NativeBuffers.Platform.Shared;

/// <summary>The systems that the border is written for.</summary>
internal enum SystemKind
{
    Linux,
    Windows,
    MacOS,
}
