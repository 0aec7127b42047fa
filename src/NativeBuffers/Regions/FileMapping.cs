using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>An open file and its mapping, which is one block.</summary>
internal sealed class FileMapping : MappedBlock
{
    private readonly SafeFileHandle _file;
    private readonly MappedFileAccess _access;
    private readonly SystemFiles _files;

    /// <summary>True if the mapping ended to cut the file, and could not be restored. It changes only while the block is not borrowed.</summary>
    private bool _isUnmapped;

    private FileMapping(SafeFileHandle file, string path, bool canWrite, MappedFileAccess access, SystemFiles files)
        : base(path)
    {
        _files = files;
        _file = file;
        _access = access;
        CanWrite = canWrite;
    }

    /// <summary>The place of the block in the file, in bytes; 0 unless the mapping is a part.</summary>
    private long Offset { get; init; }

    /// <summary>The bytes before the block that are mapped with it.</summary>
    private nuint Lead => (nuint)(Offset % SystemFiles.OffsetUnit);

    /// <summary>True if the mapping is of a part of the file, which cannot be resized.</summary>
    public bool IsPart { get; private init; }

    /// <summary>True if the memory may be written.</summary>
    public bool CanWrite { get; }

    internal override string Family => "MappedFile";

    /// <summary>Maps all of an existing file, whose length must be a multiple of <paramref name="elementSize"/>.</summary>
    public static FileMapping Open(string path, bool canWrite, MappedFileAccess access, int elementSize, SystemFiles files)
    {
        string fullPath = Check(path, access);
        SafeFileHandle file = File.OpenHandle(
            fullPath, FileMode.Open, canWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            long byteCount = RandomAccess.GetLength(file);
            if (byteCount % elementSize != 0)
            {
                throw new InvalidDataException(
                    $"{fullPath} has {byteCount:N0} bytes, which is not a whole number of elements of {elementSize:N0} bytes.");
            }

            // Files like those in /proc have the length 0, and have bytes.
            if (byteCount == 0 && RandomAccess.Read(file, stackalloc byte[1], 0) != 0)
            {
                throw new NotSupportedException($"{fullPath} has bytes, but no length: it cannot be mapped.");
            }

            return Map(file, fullPath, canWrite, access, (nuint)byteCount, files);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Maps a part of an existing file.</summary>
    public static FileMapping OpenPart(string path, bool canWrite, MappedFileAccess access, long byteOffset, nuint byteCount)
    {
        string fullPath = Check(path, access);
        SafeFileHandle file = File.OpenHandle(
            fullPath, FileMode.Open, canWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            long available = RandomAccess.GetLength(file);
            return byteOffset <= available && (long)byteCount <= available - byteOffset
                ? new FileMapping(file, fullPath, canWrite, access, Host.Files) { Offset = byteOffset, IsPart = true }.Mapped(byteCount)
                : throw new EndOfStreamException(
                    $"{fullPath} has {available:N0} bytes: {byteCount:N0} bytes from {byteOffset:N0} on are not inside.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Maps an open file with at least <paramref name="byteCount"/> bytes, which the result closes. The path is for messages.</summary>
    public static FileMapping Map(
        SafeFileHandle file, string path, bool canWrite, MappedFileAccess access, nuint byteCount, SystemFiles files) =>
        new FileMapping(file, path, canWrite, access, files).Mapped(byteCount);

    /// <summary>Checks the arguments before the file is opened, because opening a pipe waits for its other end. Returns the full path.</summary>
    public static string Check(string path, MappedFileAccess access)
    {
        SystemName.ThrowIfNoPath(path, nameof(path));
        if (access is < MappedFileAccess.Any or > MappedFileAccess.Sequential)
        {
            throw new ArgumentOutOfRangeException(nameof(access), access, "There is no such access.");
        }

        string fullPath = Path.GetFullPath(path);
        if (Directory.Exists(fullPath))
        {
            throw new UnauthorizedAccessException($"{fullPath} is a folder.");
        }

        return Host.Files.IsPlainFile(fullPath)
            ? fullPath
            : throw new NotSupportedException($"{fullPath} is not a file but a pipe, a device or a socket: it cannot be mapped.");
    }

    /// <inheritdoc/>
    /// <exception cref="EndOfStreamException">The file was cut.</exception>
    /// <exception cref="IOException">The file has no mapping now.</exception>
    protected override unsafe void ThrowIfCut(nuint byteCount)
    {
        if (_isUnmapped)
        {
            throw new IOException(
                $"{Name} could not be mapped again when its file was cut, so no elements can be borrowed. Resize it to another length, or dispose it.");
        }

        long length = RandomAccess.GetLength(_file);
        if (length < Offset + (long)byteCount)
        {
            throw new EndOfStreamException(
                $"{Name} was at least {Offset + (long)byteCount:N0} bytes long when it was mapped, and has {length:N0} now: another program has cut it. "
                + "Resize it to its present length, or open it again.");
        }
    }

    /// <summary>Waits until all writes to a part of the block are on the disk.</summary>
    /// <safety>The part is inside the block, which is borrowed until this returns.</safety>
    /// <exception cref="IOException">The disk refused.</exception>
    public unsafe void Flush(Block part)
    {
        if (part.ByteCount == 0 || !CanWrite)
        {
            return;
        }

        if (_isUnmapped)
        {
            RandomAccess.FlushToDisk(_file);
            return;
        }

        _files.Flush(_file, part.Start, part.ByteCount, Name);
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        if (oldByteCount == 0 || _isUnmapped)
        {
            return MapAgain(newByteCount);
        }

        if (newByteCount == 0 || (newByteCount < oldByteCount && _files.MustUnmapToCut))
        {
            return Cut(block, oldByteCount, newByteCount);
        }

        void* resized = _files.Remap(_file, block, oldByteCount, newByteCount, Name);
        Advise(resized, newByteCount);
        return resized;
    }

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (byteCount != 0 && !_isUnmapped)
        {
            _files.Unmap((byte*)block - Lead, byteCount + Lead);
        }

        _file.Dispose();
    }

    /// <summary>Makes the file shorter, and maps the rest of it, if there is one.</summary>
    /// <remarks>
    /// On some systems the mapping must end first. If it cannot be restored, the owner keeps an address that it no longer owns. Then
    /// <see cref="ThrowIfCut"/> refuses all borrows, and the free unmaps nothing.
    /// </remarks>
    /// <safety>The block has the old byte count, and no other code uses it.</safety>
    private unsafe void* Cut(void* block, nuint oldByteCount, nuint newByteCount)
    {
        if (!_files.MustUnmapToCut)
        {
            _files.SetLength(_file, (long)newByteCount, Name);
            _files.Unmap(block, oldByteCount);
            return Nowhere;
        }

        _files.Unmap(block, oldByteCount);
        _isUnmapped = true;
        try
        {
            _files.SetLength(_file, (long)newByteCount, Name);
        }
        catch
        {
            // Another program has the file mapped. The owner gets the old mapping back, at the same address.
            _isUnmapped = !_files.TryMapAt(_file, block, oldByteCount);
            throw;
        }

        return MapAgain(newByteCount);
    }

    /// <summary>Gives a length and a mapping to a file without a mapping. Null if memory is short.</summary>
    /// <safety>The file has no mapping: it was empty, or its mapping could not be restored.</safety>
    private unsafe void* MapAgain(nuint byteCount)
    {
        long lengthBefore = RandomAccess.GetLength(_file);
        bool grows = (long)byteCount > lengthBefore;
        if (grows || (_isUnmapped && (long)byteCount < lengthBefore))
        {
            _files.SetLength(_file, (long)byteCount, Name);
        }

        void* start = null;
        try
        {
            start = MapPart(byteCount);
            _isUnmapped &= start == null;
            return start;
        }
        finally
        {
            if (start == null && grows)
            {
                _files.SetLength(_file, lengthBefore, Name);
            }
        }
    }

    /// <summary>Maps the bytes of the block. Null if memory is short.</summary>
    /// <safety>The file has these bytes.</safety>
    private unsafe void* MapPart(nuint byteCount)
    {
        if (byteCount == 0)
        {
            return Nowhere;
        }

        byte* start = (byte*)_files.Map(_file, byteCount + Lead, CanWrite, Name, Offset - (long)Lead);
        Advise(start, byteCount + Lead);
        return start == null ? null : start + Lead;
    }

    /// <summary>Maps the file, which has the bytes, and returns this.</summary>
    private FileMapping Mapped(nuint byteCount)
    {
        unsafe
        {
            // SAFETY: the file is open and has byteCount bytes. The mapping lives until the result frees it.
            void* start = MapPart(byteCount);
            Block = start != null ? new Block(start, byteCount) : throw ThrowHelper.OutOfMemory(byteCount, this);
        }

        return this;
    }

    /// <safety>The range is mapped, or null.</safety>
    private unsafe void Advise(void* start, nuint byteCount)
    {
        if (start != null && _access == MappedFileAccess.Sequential)
        {
            _files.ExpectSequential(start, byteCount);
        }
    }
}
