using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: files that are mapped into memory, resized, and replaced in one step.</summary>
/// <remarks>
/// <para>One derived class a system. A file is open, with the access that the member needs. Its name is for messages. Mappings are shared: a
/// write to one is in the file and in all other mappings. Null from a mapping means that memory is short, and nothing changed. All other
/// failures throw the exceptions of the platform's own file methods.</para>
/// <para>To replace a file: its path is full, leads to a file or to nothing, and does not end in a link. The new file is open to be read and
/// written. The caller closes it, and removes its temporary name if there is one.</para>
/// </remarks>
/// <safety>
/// Byte counts are not zero. A start address comes from <see cref="Map"/> or <see cref="Remap"/>, with its byte count. No other code uses
/// its memory while it is remapped or unmapped.
/// </safety>
internal abstract class SystemFiles
{
    /// <summary>For a file that other programs may open, write and remove while it is open.</summary>
    protected const FileShare Everything = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>True if the system cuts no mapped file. Then the mapping must end first.</summary>
    public virtual bool MustUnmapToCut => false;

    /// <summary>The longest file that this process may write, in bytes (<c>ulimit -f</c>); <see cref="long.MaxValue"/> without a limit.</summary>
    public virtual long LongestFile => long.MaxValue;

    /// <summary>False if the path is that of a pipe, a device or a folder. True if nothing has the path.</summary>
    public abstract bool IsPlainFile(string path);

    /// <summary>A part of a file that is mapped starts at a multiple of this, in bytes: no system has larger pages or a coarser rule.</summary>
    public const long OffsetUnit = 65_536;

    /// <summary>Maps bytes of a file from an offset on.</summary>
    public abstract unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file", long offset = 0);

    /// <summary>Gives a file and its mapping another length. New bytes are zero, and have room on the disk.</summary>
    /// <remarks>A failure leaves file and mapping unchanged. With <see cref="MustUnmapToCut"/>, the file can only become longer.</remarks>
    public virtual unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        // Another program may have made the file longer already. Growing the mapping must not cut the file then.
        long lengthBefore = RandomAccess.GetLength(file);
        bool growsFile = (long)newByteCount > lengthBefore;
        if (newByteCount < oldByteCount || growsFile)
        {
            SetLength(file, (long)newByteCount, name);
        }

        void* remapped = null;
        try
        {
            return remapped = RemapTo(file, start, oldByteCount, newByteCount, name);
        }
        finally
        {
            if (remapped == null && growsFile)
            {
                CutBack(file, lengthBefore, name);
            }
        }
    }

    /// <summary>Maps the first bytes of a file again at the same address, to read and write them; false if that fails.</summary>
    /// <remarks>For systems with <see cref="MustUnmapToCut"/>.</remarks>
    public virtual unsafe bool TryMapAt(SafeFileHandle file, void* start, nuint byteCount) => false;

    /// <summary>Ends a mapping. All writes to it are in the file.</summary>
    public abstract unsafe void Unmap(void* start, nuint byteCount);

    /// <summary>Waits until all earlier writes to a part of a mapping are on the disk.</summary>
    public abstract unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name);

    /// <summary>Says that a mapping will be read from front to end. A hint: may do nothing.</summary>
    public abstract unsafe void ExpectSequential(void* start, nuint byteCount);

    /// <summary>Gives a file another length. New bytes are zero, and have room on the disk if its file system can promise that.</summary>
    /// <remarks>A failure leaves the file unchanged.</remarks>
    public virtual void SetLength(SafeFileHandle file, long byteCount, string name = "A file") => RandomAccess.SetLength(file, byteCount);

    /// <summary>Throws if this process may not write to a file up to <paramref name="end"/>, in bytes: such a write would end the process.</summary>
    /// <exception cref="IOException"><see cref="LongestFile"/> is less.</exception>
    public virtual void ThrowIfBeyondLimit(SafeFileHandle file, long end, string name)
    {
    }

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

    /// <summary>Gives a mapping another size, after the file has got its size. Null if memory is short; a smaller mapping is never refused.</summary>
    protected virtual unsafe void* RemapTo(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        void* remapped = Map(file, newByteCount, canWrite: true, name);
        if (remapped != null)
        {
            Unmap(start, oldByteCount);
        }

        return remapped;
    }

    private void CutBack(SafeFileHandle file, long byteCount, string name)
    {
        try
        {
            SetLength(file, byteCount, name);
        }
        catch (IOException)
        {
            // Windows: another mapping already uses the longer file. The file stays longer, with zeros at its end.
        }
    }
}
