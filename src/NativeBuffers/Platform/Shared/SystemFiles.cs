using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: a new file that takes the place of another in one step.</summary>
/// <remarks>
/// One derived class a system. Preconditions of all members: a path is full, leads to a file or to nothing, and does not end in a link.
/// The new file is open to be read and written. The caller closes the file, and removes its temporary name if there is one.
/// </remarks>
internal abstract class SystemFiles
{
    /// <summary>For a file that other programs may open, write and remove while it is open.</summary>
    protected const FileShare Everything = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>
    /// Finds the path of the file that a link leads to, without a link at its end. Null if there is no file yet, or if no string can carry
    /// its path: then the caller opens the link itself, and the system follows it.
    /// </summary>
    public abstract string? EndOf(string link);

    /// <summary>
    /// Makes a new, empty file in the folder of a path, with the owner, group and permissions of the file at the path. Null if a new file
    /// cannot have these, or cannot be put there: then the caller writes the old file itself.
    /// </summary>
    /// <param name="path">The path of the file to be replaced, if there is one.</param>
    /// <param name="temporaryPath">The new file's temporary name; null if it has none.</param>
    /// <exception cref="IOException">Room, open files or memory are used up: the old file must not be written instead.</exception>
    public abstract SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath);

    /// <summary>Gives a file of <see cref="TryCreateBeside"/> its path, in place of an old file. False if the system refuses.</summary>
    /// <param name="file">The new file.</param>
    /// <param name="temporaryPath">Its temporary name; null after the call if that name is gone.</param>
    /// <param name="path">The path to give it.</param>
    /// <exception cref="IOException">Room is used up. Windows: the old file is open or mapped, so it can be neither replaced nor written.</exception>
    /// <exception cref="UnauthorizedAccessException">Windows: this user may not replace the old file.</exception>
    public abstract bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path);

    /// <summary>A random name in the folder of a path, short enough for every folder.</summary>
    protected static string NameBeside(string path) =>
        Path.Join(Path.GetDirectoryName(path), $".nb-{Random.Shared.NextInt64():x16}");

    /// <summary>Throws if a resource is used up that a new file needs: then the old file must not be written instead.</summary>
    protected static void ThrowIfShort(int error, string path)
    {
        if (SystemError.IsShortage(error))
        {
            throw SystemError.Of(error, $"{path} could not be created");
        }
    }
}
