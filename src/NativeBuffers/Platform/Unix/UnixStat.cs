using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Unix;

/// <summary>Asks a Unix system about a file (<c>stat</c>).</summary>
internal abstract class UnixStat
{
    /// <summary>The file that a path leads to; null if there is none or the system refuses.</summary>
    public abstract UnixFile? At(string path);

    /// <summary>An open file.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public abstract UnixFile Of(SafeFileHandle file);
}
