using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>A file as memory of <typeparamref name="T"/>, owned by an object: every write to the memory is in the file.</summary>
/// <remarks>
/// <para>Dispose it, or dispose the object that has it. A finalizer unmaps and closes a file that was not disposed. Lengths have 64 bits.
/// The elements have the byte order of the file.</para>
/// <para>All members may be called from all threads at any time. <see cref="Borrow"/> and <see cref="BorrowReadOnly"/> give access to the
/// elements. After <see cref="Dispose"/> no borrow can begin, and the file is unmapped and closed when the last borrow ends.</para>
/// <para>Other programs may change the file at the same time, and their writes are visible here. If a program makes the file shorter, the
/// memory after its new end is gone: new borrows are refused, with <see cref="EndOfStreamException"/>. But an earlier borrow does not know
/// that, and its access to that memory ends the process. Map only files that no program cuts.</para>
/// <para>Two other accesses end the process: a read from a disk that fails, and a write to a hole of a file when the disk is full. Files
/// that <see cref="Create(string, long, MappedFileAccess, string?, int)"/> and <see cref="Resize"/> made longer have no holes.</para>
/// </remarks>
/// <example>
/// <code>
/// using var file = MappedFile&lt;float&gt;.OpenRead("samples.bin");
/// using var samples = file.BorrowReadOnly();
/// float first = samples[0];
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
public sealed class MappedFile<T> : IDisposable
    where T : unmanaged
{
    private readonly FileMapping _mapping;
    private OwnedBlock _ownedBlock;

    private MappedFile(FileMapping mapping, string? file, int line)
    {
        _mapping = mapping;
        _ownedBlock = mapping.Own(Unsafe.SizeOf<T>(), AllocationSite.At(file, line, typeof(T)));
    }

    /// <summary>The file's full path, as it was opened.</summary>
    public string Path => _mapping.Name;

    /// <summary>True if the memory may be written.</summary>
    public bool CanWrite => _mapping.CanWrite;

    /// <summary>The number of mapped elements; 0 after <see cref="Dispose"/>.</summary>
    public long Length => _ownedBlock.LengthOrNone;

    /// <summary>True after <see cref="Dispose"/>.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>Maps a file to read it.</summary>
    /// <param name="path">The path of a file; a pipe or a device has no bytes to map.</param>
    /// <param name="access">A hint.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that no path of this system can have.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="access"/> is none of the values.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file's length is not a whole number of elements.</exception>
    /// <exception cref="IOException">The file cannot be opened or mapped, for another reason.</exception>
    /// <exception cref="NotSupportedException">The path is that of a pipe, a device, or a file without a length.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open the file, or the path is that of a folder.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> OpenRead(
        string path, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Open(path, canWrite: false, access, Host.Files, file, line);

    /// <inheritdoc cref="OpenRead(string, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> OpenRead(string path, MappedFileAccess access = MappedFileAccess.Any) =>
        OpenRead(path, access, file: null);

    /// <summary>Maps an existing file to read and write it.</summary>
    /// <inheritdoc cref="OpenRead(string, MappedFileAccess, string?, int)" path="/param|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> Open(
        string path, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Open(path, canWrite: true, access, Host.Files, file, line);

    /// <inheritdoc cref="Open(string, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> Open(string path, MappedFileAccess access = MappedFileAccess.Any) =>
        Open(path, access, file: null);

    /// <summary>Maps a part of a file to read it: the elements after a header, for example, or a few of very many.</summary>
    /// <param name="path">The path of a file; a pipe or a device has no bytes to map.</param>
    /// <param name="byteOffset">The place of the first element in the file, in bytes: a multiple of the alignment of <typeparamref name="T"/>.</param>
    /// <param name="length">In elements.</param>
    /// <param name="access">A hint.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentException"><paramref name="byteOffset"/> is not aligned, or <paramref name="path"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="byteOffset"/> or <paramref name="length"/> is negative, or too large to be counted in bytes.
    /// </exception>
    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    /// <exception cref="IOException">The file cannot be opened or mapped.</exception>
    /// <exception cref="NotSupportedException">The path is that of a pipe or a device.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> OpenRead(
        string path,
        long byteOffset,
        long length,
        MappedFileAccess access = MappedFileAccess.Any,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0) =>
        OpenPart(path, canWrite: false, access, byteOffset, length, file, line);

    /// <inheritdoc cref="OpenRead(string, long, long, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> OpenRead(string path, long byteOffset, long length, MappedFileAccess access = MappedFileAccess.Any) =>
        OpenRead(path, byteOffset, length, access, file: null);

    /// <summary>Maps a part of an existing file to read and write it. The part cannot be resized.</summary>
    /// <inheritdoc cref="OpenRead(string, long, long, MappedFileAccess, string?, int)" path="/param|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> Open(
        string path,
        long byteOffset,
        long length,
        MappedFileAccess access = MappedFileAccess.Any,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0) =>
        OpenPart(path, canWrite: true, access, byteOffset, length, file, line);

    /// <inheritdoc cref="Open(string, long, long, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> Open(string path, long byteOffset, long length, MappedFileAccess access = MappedFileAccess.Any) =>
        Open(path, byteOffset, length, access, file: null);

    /// <summary>Maps a new file of zeros. It replaces an existing file.</summary>
    /// <remarks>
    /// <para>The new file gets the path only when it is complete, with its room on the disk if the file system can promise that. So programs
    /// that have the old file open or mapped keep it, and the old file is still there if the disk refuses. The new file has the old one's
    /// owner, group and permissions. If the path ends in a link, the file to which the link leads is replaced.</para>
    /// <para>If a new file cannot take the place of the old one, the old file itself becomes zeros of the new length. Programs that have it
    /// open see that. This happens to a file with several names (hard links) or extended attributes, and to a file whose owner cannot be kept.
    /// It also happens at a mount point, and in a folder that this process may not write or that gives access lists to new files. If the disk
    /// refuses then, the old contents may be gone.</para>
    /// <para>Windows replaces no file that is open or mapped, and gives the new file the permissions of its folder.</para>
    /// <para>Linux needs a temporary name only for a moment, and none for a new path, if the file system has files without a name. On other
    /// systems, a process that is killed in this call leaves a file in the folder: <c>.nb-</c> and 16 digits.</para>
    /// </remarks>
    /// <param name="path">The file's path, in an existing folder.</param>
    /// <param name="length">In elements.</param>
    /// <param name="access">A hint.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that no path of this system can have.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in
    /// bytes, or <paramref name="access"/> is none of the values.</exception>
    /// <exception cref="IOException">The disk is full, the process's limit for files is reached (<c>ulimit -f</c>), or the file cannot be created for
    /// another reason. On Windows: the old file is open or mapped.</exception>
    /// <exception cref="NotSupportedException">The path is that of a pipe or a device.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create the file, or the path is that of a folder.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> Create(
        string path, long length, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        new(NewFile.Create(path, Layout.ByteCount(length, Unsafe.SizeOf<T>()), access), file, line);

    /// <inheritdoc cref="Create(string, long, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> Create(string path, long length, MappedFileAccess access = MappedFileAccess.Any) =>
        Create(path, length, access, file: null);

    /// <summary>Borrows the memory, to read and write. It is neither unmapped nor resized before the result is disposed.</summary>
    /// <inheritdoc cref="BorrowReadOnly" path="/returns|/exception"/>
    /// <exception cref="NotSupportedException">The file was opened only to be read.</exception>
    public Borrow<T> Borrow()
    {
        ThrowIfReadOnly();
        return BorrowAll(isChecked: true);
    }

    /// <summary>Borrows the memory, to read. It is neither unmapped nor resized before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="EndOfStreamException">Another program has made the file shorter than the mapping.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public ReadOnlyBorrow<T> BorrowReadOnly() => new(BorrowAll(isChecked: true));

    /// <summary>Gives file and memory another length. Contents are kept, new elements are zero, and the memory may move.</summary>
    /// <remarks>Growing cuts nothing: if another program has made the file longer already, the new elements have its contents.
    /// Other mappings of the file are not resized, here or in other processes. A mapping that is longer than the file refuses new borrows
    /// until it is resized too. If such a mapping is borrowed while the file is made shorter, its use ends the process.</remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The memory is borrowed, or a stream of it is open.</exception>
    /// <exception cref="IOException">The disk refused, for example because it is full, or the process's limit for files is
    /// reached; file and memory are unchanged.
    /// On Windows: another mapping keeps the file from becoming shorter.</exception>
    /// <exception cref="NotSupportedException">The file was opened only to be read, or in part.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no room for the mapping; file and memory are unchanged.</exception>
    public void Resize(long length)
    {
        ThrowIfReadOnly();
        if (_mapping.IsPart)
        {
            throw new NotSupportedException($"{Path} is mapped in part, and a part cannot be resized. Map all of the file.");
        }

        bool isOpen = _ownedBlock.TryResize(length, Unsafe.SizeOf<T>());
        GC.KeepAlive(this);
        if (!isOpen)
        {
            throw _mapping.Disposed<T>();
        }
    }

    /// <summary>
    /// Waits until all earlier writes are on the disk. Other processes see a write at once, but the system decides when to put it
    /// on the disk.
    /// </summary>
    /// <remarks>Does nothing if the file was opened only to be read.</remarks>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public void Flush()
    {
        using Borrow<T> borrow = BorrowAll(isChecked: false);
        FlushPart(0, borrow.Length);
    }

    /// <summary>Waits until all earlier writes to a part of the elements are on the disk.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <inheritdoc cref="Flush()" path="/remarks|/exception"/>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    public void Flush(long start, long length)
    {
        using Borrow<T> borrow = BorrowAll(isChecked: false);
        Layout.ThrowIfOutside(start, length, borrow.Length);
        FlushPart(start, length);
    }

    /// <summary>Opens a stream over the memory. The memory is neither unmapped nor resized before the stream is disposed.</summary>
    /// <returns>A stream that the caller disposes. It can write if the file was opened for that, and does not make the file longer.</returns>
    /// <inheritdoc cref="BorrowReadOnly" path="/exception"/>
    public UnmanagedMemoryStream AsStream()
    {
        UnmanagedMemoryStream stream = _mapping.OpenStream<T>(ref _ownedBlock, CanWrite ? FileAccess.ReadWrite : FileAccess.Read);
        GC.KeepAlive(this);
        return stream;
    }

    /// <summary>Lets no borrow begin, and closes the file: now, or when its last borrow or stream ends.</summary>
    /// <remarks>Only the first call has an effect, on any thread. Never throws. All writes are in the file; <see cref="Flush()"/> puts them on
    /// the disk.</remarks>
    public void Dispose()
    {
        _ownedBlock.Close();
        GC.KeepAlive(this);
    }

    /// <summary>Maps an existing file through a system that a test may replace.</summary>
    internal static MappedFile<T> Open(string path, bool canWrite, MappedFileAccess access, SystemFiles files, string? file, int line) =>
        new(FileMapping.Open(path, canWrite, access, Unsafe.SizeOf<T>(), files), file, line);

    private static MappedFile<T> OpenPart(
        string path, bool canWrite, MappedFileAccess access, long byteOffset, long length, string? file, int line)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        return (ulong)byteOffset % AlignmentOf<T>.Value == 0
            ? new(FileMapping.OpenPart(path, canWrite, access, byteOffset, Layout.ByteCount(length, Unsafe.SizeOf<T>())), file, line)
            : throw ThrowHelper.NotAligned(nameof(byteOffset), (ulong)byteOffset, AlignmentOf<T>.Value);
    }

    private Borrow<T> BorrowAll(bool isChecked)
    {
        Borrow<T> borrow = _mapping.Borrow<T>(ref _ownedBlock, isChecked);
        GC.KeepAlive(this);
        return borrow;
    }

    /// <summary>Writes a part of the borrowed memory to the disk.</summary>
    private void FlushPart(long start, long length)
    {
        unsafe
        {
            // SAFETY: the range is inside the memory, which the caller has borrowed until this returns.
            _mapping.Flush(new Block((T*)_ownedBlock.Start + start, (nuint)length * (nuint)sizeof(T)));
        }
    }

    private void ThrowIfReadOnly()
    {
        if (!CanWrite)
        {
            throw new NotSupportedException($"{Path} is mapped only to be read. Use {nameof(BorrowReadOnly)}, or map it with {nameof(Open)}.");
        }
    }
}
