namespace NativeBuffers.Platform.Shared;

/// <summary>The supported systems.</summary>
internal enum SystemKind
{
    Linux,
    Windows,
    MacOS,
}
