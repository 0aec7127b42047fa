using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>A file as memory of <typeparamref name="T"/>, owned by an object: what is written to the memory is in the file.</summary>
/// <remarks>
/// <para>Dispose it, or dispose what holds it. One that was forgotten is unmapped and closed by a finalizer, as every owner.
/// Lengths have 64 bits. Elements are as the file has them: their byte order, too, is the file's.</para>
/// <para>All members may be called from all threads at any time. <see cref="Borrow"/> and <see cref="BorrowReadOnly"/> are
/// the way to the elements: while a borrow lasts, <see cref="Dispose"/> lets nobody else in, and the file is unmapped and
/// closed when the last one ends.</para>
/// <para>Others may change the file meanwhile. What they write to it is seen here. If one makes it shorter, the memory behind
/// its new end is gone: new borrows are refused, with <see cref="EndOfStreamException"/>. But a borrow that goes on
/// does not know, and touching that memory then ends the process. Map only files that nobody cuts.</para>
/// <para>Reading from a disk that fails, or writing to a hole of a file when the disk is full, ends the process too. Files
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

    /// <safety>The ownedBlock is of the mapping's block.</safety>
    private unsafe MappedFile(FileMapping mapping, OwnedBlock ownedBlock)
    {
        _mapping = mapping;
        _ownedBlock = ownedBlock;
    }

    /// <summary>The file's full path, as it was opened.</summary>
    public string Path => _mapping.Name;

    /// <summary>Whether the memory may be written.</summary>
    public bool CanWrite => _mapping.CanWrite;

    /// <summary>The number of elements that are mapped; 0 once disposed.</summary>
    public long Length => _ownedBlock.LengthOrNone;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>Maps a file to read it.</summary>
    /// <param name="path">Of a file; a pipe or a device has no bytes to map.</param>
    /// <param name="access">A hint.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that no path of this system can have.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="access"/> is none of the values.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file's length is not a whole number of elements.</exception>
    /// <exception cref="IOException">The file cannot be opened or mapped, for another reason.</exception>
    /// <exception cref="NotSupportedException">The path is that of something that has no length.</exception>
    /// <exception cref="OutOfMemoryException">There is no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is not this user's to open, or is a folder.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> OpenRead(
        string path, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Open(path, canWrite: false, access, file, line);

    /// <inheritdoc cref="OpenRead(string, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> OpenRead(string path, MappedFileAccess access = MappedFileAccess.Any) =>
        OpenRead(path, access, file: null);

    /// <summary>Maps a file that exists, to read and write it.</summary>
    /// <inheritdoc cref="OpenRead(string, MappedFileAccess, string?, int)" path="/param|/exception"/>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> Open(
        string path, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Open(path, canWrite: true, access, file, line);

    /// <inheritdoc cref="Open(string, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> Open(string path, MappedFileAccess access = MappedFileAccess.Any) =>
        Open(path, access, file: null);

    /// <summary>Maps a new file of zeros. A file that was there is replaced.</summary>
    /// <remarks>
    /// <para>The new file gets the path when it is whole, with its room on the disk if the file system can promise that. So programs that have
    /// the old file open or mapped keep it, and the old file is still there if the disk refuses. The new file has the old one's owner, group and
    /// permissions. If the path ends in a link, the file to which the link leads is replaced.</para>
    /// <para>If a new file cannot take the place of the old one, the old file itself becomes zeros of the new length. Programs that have it
    /// open see that. This happens to a file with several names (hard links) or extended attributes, and to a file whose owner cannot be kept.
    /// It also happens at a mount point, and in a folder that this process may not write or that gives access lists to new files. If the disk
    /// refuses then, the old contents may be gone.</para>
    /// <para>Windows replaces no file that is open or mapped, and gives the new file the permissions of its folder.</para>
    /// <para>Linux needs a temporary name only for a moment, and none for a new path, if the file system has files without a name. Elsewhere a
    /// process that is killed meanwhile leaves a file in the folder: <c>.nb-</c> and 16 digits.</para>
    /// </remarks>
    /// <param name="path">Of the file, in a folder that exists.</param>
    /// <param name="length">In elements.</param>
    /// <param name="access">A hint.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that no path of this system can have.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in
    /// bytes, or <paramref name="access"/> is none of the values.</exception>
    /// <exception cref="IOException">The disk is full, the process's limit for files is reached (<c>ulimit -f</c>), or the file cannot be created for
    /// another reason. On Windows: the old file is open or mapped.</exception>
    /// <exception cref="NotSupportedException">The path is that of a pipe or a device.</exception>
    /// <exception cref="OutOfMemoryException">There is no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is not this user's to create, or is a folder.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static MappedFile<T> Create(
        string path, long length, MappedFileAccess access = MappedFileAccess.Any, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        FileMapping mapping = NewFile.Create(path, Layout.ByteCount(length, Unsafe.SizeOf<T>()), access, out Block block);
        return Own(mapping, block, file, line);
    }

    /// <inheritdoc cref="Create(string, long, MappedFileAccess, string?, int)"/>
    public static MappedFile<T> Create(string path, long length, MappedFileAccess access = MappedFileAccess.Any) =>
        Create(path, length, access, file: null);

    /// <summary>Borrows the memory, to read and write: it is neither unmapped nor resized before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="EndOfStreamException">Somebody has made the file shorter than what is mapped.</exception>
    /// <exception cref="NotSupportedException">The file was opened to be read.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public Borrow<T> Borrow()
    {
        ThrowIfReadOnly();
        return BorrowAll(isChecked: true);
    }

    /// <summary>As <see cref="Borrow"/>, to read.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="EndOfStreamException">Somebody has made the file shorter than what is mapped.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public ReadOnlyBorrow<T> BorrowReadOnly() => new(BorrowAll(isChecked: true));

    /// <summary>Gives file and memory another length. Contents are kept, new elements are zero, and the memory may move.</summary>
    /// <remarks>Growing cuts nothing: where somebody else has made the file longer already, the new elements are what is there.
    /// Other mappings of the file are not resized, here or in other processes: those that are longer than the file
    /// lend no memory any more, until they are resized too. One that is borrowed while the file is made shorter ends the
    /// process when it is used.</remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The memory is borrowed, or a stream of it is open.</exception>
    /// <exception cref="IOException">The disk refused, for example because it is full, or the process's limit for files is reached; file and memory are as they were.
    /// On Windows: another mapping keeps the file from becoming shorter.</exception>
    /// <exception cref="NotSupportedException">The file was opened to be read.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    /// <exception cref="OutOfMemoryException">There is no room for the mapping; file and memory are as they were.</exception>
    public void Resize(long length)
    {
        ThrowIfReadOnly();
        bool isOpen = _ownedBlock.TryResize(length, Unsafe.SizeOf<T>());
        GC.KeepAlive(this);
        if (!isOpen)
        {
            throw Disposed();
        }
    }

    /// <summary>Waits until all that was written is on the disk. Without it, the system writes when it likes; other processes see it at once.</summary>
    /// <remarks>Of a file that was opened to be read there is nothing to write.</remarks>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public void Flush()
    {
        using Borrow<T> borrow = BorrowAll(isChecked: false);
        FlushPart(0, borrow.Length);
    }

    /// <summary>As <see cref="Flush()"/>, of part of the elements.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public void Flush(long start, long length)
    {
        using Borrow<T> borrow = BorrowAll(isChecked: false);
        Layout.ThrowIfOutside(start, length, borrow.Length);
        FlushPart(start, length);
    }

    /// <summary>The memory as a stream, for code that wants one. The memory is neither unmapped nor resized before the stream is disposed.</summary>
    /// <returns>A stream that the caller disposes. It writes if the file was opened so, and does not make the file longer.</returns>
    /// <exception cref="EndOfStreamException">Somebody has made the file shorter than what is mapped.</exception>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public UnmanagedMemoryStream AsStream()
    {
        using Borrow<T> borrow = BorrowAll(isChecked: true);
        UnmanagedMemoryStream? stream =
            MappingStream.TryOpen(ref _ownedBlock, Unsafe.SizeOf<T>(), CanWrite ? FileAccess.ReadWrite : FileAccess.Read);
        GC.KeepAlive(this);
        return stream ?? throw Disposed();
    }

    /// <summary>Lets nobody in any more, and closes the file: now, or when the last borrow or stream of it ends.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws. What was written is in the file;
    /// whether it is on the disk is what <see cref="Flush()"/> is for.</remarks>
    public void Dispose()
    {
        _ownedBlock.Close();
        GC.KeepAlive(this);
    }

    private static MappedFile<T> Open(string path, bool canWrite, MappedFileAccess access, string? file, int line) =>
        Open(path, canWrite, access, Host.Maps, file, line);

    /// <summary>Maps a file through a system that a test may put before the real one.</summary>
    internal static MappedFile<T> Open(string path, bool canWrite, MappedFileAccess access, SystemMaps maps, string? file, int line)
    {
        FileMapping mapping = FileMapping.Open(path, canWrite, access, Unsafe.SizeOf<T>(), maps, out Block block);
        return Own(mapping, block, file, line);
    }

    private static MappedFile<T> Own(FileMapping mapping, Block block, string? file, int line)
    {
        unsafe
        {
            // SAFETY: the block belongs to nobody else, and is a whole number of elements.
            try
            {
                AllocationSite.Note(file, line, typeof(T));
                var ownedBlock = new OwnedBlock(
                    SharedHandle.Adopt(block.Start, block.ByteCount, mapping), (long)(block.ByteCount / (nuint)sizeof(T)));
                return new MappedFile<T>(mapping, ownedBlock);
            }
            catch
            {
                mapping.Free(block.Start, block.ByteCount);
                throw;
            }
        }
    }

    private Borrow<T> BorrowAll(bool isChecked)
    {
        if (!_ownedBlock.TryBorrow(out BorrowMark mark) && !_ownedBlock.TryBorrowSlow(out mark))
        {
            throw Disposed();
        }

        unsafe
        {
            // SAFETY: the block is borrowed with this mark.
            var borrow = new Borrow<T>(mark, _ownedBlock.Start, _ownedBlock.BorrowedLength);
            if (isChecked)
            {
                try
                {
                    _mapping.ThrowIfCut(borrow.Length * sizeof(T));
                }
                catch
                {
                    borrow.Dispose();
                    throw;
                }
            }

            GC.KeepAlive(this);
            return borrow;
        }
    }

    /// <summary>Of memory that is borrowed.</summary>
    private void FlushPart(long start, long length)
    {
        unsafe
        {
            // SAFETY: the memory is borrowed, and the range was checked.
            _mapping.Flush(new Block((T*)_ownedBlock.Start + start, (nuint)length * (nuint)sizeof(T)));
        }
    }

    private void ThrowIfReadOnly()
    {
        if (!CanWrite)
        {
            throw new NotSupportedException($"{Path} is mapped to be read. Use {nameof(BorrowReadOnly)}, or map it with {nameof(Open)}.");
        }
    }

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(MappedFile<>)}<{typeof(T).Name}>");
}
