using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Os;

/// <summary>The border to the operating system: a new file that takes the place of another in one step.</summary>
/// <remarks>
/// One derived class a system. Preconditions, stated once for all of them: a path is full, leads to a file or to nothing, and not
/// through a link at its end. The new file is open to be read and written; the caller closes it, and removes the temporary name if there is one.
/// </remarks>
internal abstract class SystemFiles
{
    private static readonly SystemFiles? s_current = ThisSystem.Choose<SystemFiles>(
        static () => new LinuxFiles(), static () => new WindowsFiles(), static () => new MacFiles());

    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">None of the three that the border is written for.</exception>
    public static SystemFiles Current => s_current ?? throw ThisSystem.Unsupported();

    /// <summary>How a file is opened that others may open, write and remove meanwhile.</summary>
    protected const FileShare Everything = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>
    /// A new, empty file in the folder of a path, which is like the file that the path leads to: the same owner, group and permissions.
    /// Null where nothing new can be like that file, or can be put there: then the file itself is to be written.
    /// </summary>
    /// <param name="path">Of the file to be replaced, or of nothing.</param>
    /// <param name="temporaryPath">The new file's name until then; null if it has none.</param>
    public abstract SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath);

    /// <summary>Gives a file of <see cref="TryCreateBeside"/> its path, and takes it from the file that had it. False where the system does not do that.</summary>
    /// <param name="file">The new file.</param>
    /// <param name="temporaryPath">Its name; null afterwards if it has none any more.</param>
    /// <param name="path">The path to give it.</param>
    /// <exception cref="IOException">Windows: the old file is open or mapped, and nothing can be done to it.</exception>
    /// <exception cref="UnauthorizedAccessException">Windows: the old file is not this user's to replace.</exception>
    public abstract bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path);

    /// <summary>A name in the folder of a path: short, so that a folder that has the path has room for it; and not taken.</summary>
    protected static string NameBeside(string path) =>
        Path.Join(Path.GetDirectoryName(path), $".nb-{Random.Shared.NextInt64():x16}");
}
