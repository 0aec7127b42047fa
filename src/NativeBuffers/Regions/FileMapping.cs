using Microsoft.Win32.SafeHandles;
using NativeBuffers.Os;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>An open file and the mapping of it, which is one block.</summary>
internal sealed class FileMapping : MappedBlock
{
    private readonly SafeFileHandle _file;
    private readonly MappedFileAccess _access;

    /// <param name="file">Open; closed with the block.</param>
    /// <param name="path">For messages.</param>
    /// <param name="canWrite">Whether the file was opened to be written.</param>
    /// <param name="access">How it will be read.</param>
    private FileMapping(SafeFileHandle file, string path, bool canWrite, MappedFileAccess access)
        : base(path)
    {
        _file = file;
        _access = access;
        CanWrite = canWrite;
    }

    /// <summary>Whether the memory may be written.</summary>
    public bool CanWrite { get; }

    /// <inheritdoc/>
    internal override string Family => "MappedFile";

    /// <summary>Maps all of a file that exists.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="canWrite">Whether to open it to be written.</param>
    /// <param name="access">How it will be read.</param>
    /// <param name="elementSize">What its length must be a multiple of.</param>
    /// <param name="block">Freed by the result.</param>
    public static FileMapping Open(string path, bool canWrite, MappedFileAccess access, int elementSize, out Block block)
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

            // The system's own tables look like empty files, and are not.
            if (byteCount == 0 && RandomAccess.Read(file, stackalloc byte[1], 0) != 0)
            {
                throw new NotSupportedException($"{fullPath} has bytes, but no length: it cannot be mapped.");
            }

            return Map(file, fullPath, canWrite, access, (nuint)byteCount, out block);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Maps a new file, and puts it in the place of one that was there.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="byteCount">Its length.</param>
    /// <param name="access">How it will be read.</param>
    /// <param name="block">Freed by the result.</param>
    public static FileMapping Create(string path, nuint byteCount, MappedFileAccess access, out Block block)
    {
        string fullPath = Check(path, access);
        var link = new FileInfo(fullPath);
        string target = (link.LinkTarget is null ? null : link.ResolveLinkTarget(returnFinalTarget: true))?.FullName ?? fullPath;
        string temporaryPath = $"{target}.{Guid.NewGuid():N}";
        SafeFileHandle file = File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        FileMapping? mapping = null;
        bool isDone = false;
        block = default;
        try
        {
            SystemMaps.Current.SetLength(file, (long)byteCount);
            mapping = Map(file, fullPath, canWrite: true, access, byteCount, out block);
            if (!OperatingSystem.IsWindows() && File.Exists(target))
            {
                // Who may read the old one, and nobody else.
                File.SetUnixFileMode(file, File.GetUnixFileMode(target));
            }

            File.Move(temporaryPath, target, overwrite: true);
            isDone = true;
            return mapping;
        }
        finally
        {
            if (!isDone)
            {
                unsafe
                {
                    // SAFETY: nobody has seen the block.
                    mapping?.Free(block.Start, block.ByteCount);
                }

                file.Dispose();
                File.Delete(temporaryPath);
            }
        }
    }

    /// <summary>Throws when the file has become shorter than its mapping: memory behind its end is not to be touched.</summary>
    /// <param name="byteCount">The mapping's.</param>
    /// <safety>The block is borrowed.</safety>
    public unsafe void ThrowIfCut(long byteCount)
    {
        long length = RandomAccess.GetLength(_file);
        if (length < byteCount)
        {
            throw new EndOfStreamException(
                $"{Name} was {byteCount:N0} bytes long when it was mapped, and has {length:N0} now: somebody cut it. "
                + $"Resize to what it has, or open it again.");
        }
    }

    /// <summary>Waits until part of the block is on the disk.</summary>
    /// <safety>The block is borrowed, and the part inside it.</safety>
    /// <exception cref="IOException">The disk refused.</exception>
    public unsafe void Flush(Block part)
    {
        if (part.ByteCount != 0 && CanWrite)
        {
            SystemMaps.Current.Flush(_file, part.Start, part.ByteCount);
        }
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        if (oldByteCount != 0 && newByteCount != 0)
        {
            void* resized = SystemMaps.Current.Remap(_file, block, oldByteCount, newByteCount);
            Advise(resized, newByteCount);
            return resized;
        }

        if (oldByteCount == 0)
        {
            return MapAnew(newByteCount);
        }

        SystemMaps.Current.Empty(_file, block, oldByteCount);
        return Nowhere;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (byteCount != 0)
        {
            SystemMaps.Current.Unmap(block, byteCount);
        }

        _file.Dispose();
    }

    /// <summary>Of a file that was empty when it was mapped: gives it a length and a mapping; null when there is no room.</summary>
    private unsafe void* MapAnew(nuint byteCount)
    {
        if (byteCount == 0)
        {
            return Nowhere;
        }

        long lengthBefore = RandomAccess.GetLength(_file);
        bool grows = (long)byteCount > lengthBefore;
        if (grows)
        {
            SystemMaps.Current.SetLength(_file, (long)byteCount);
        }

        void* start = null;
        try
        {
            return start = MapPart(byteCount);
        }
        finally
        {
            if (start == null && grows)
            {
                SystemMaps.Current.SetLength(_file, lengthBefore);
            }
        }
    }

    private static FileMapping Map(
        SafeFileHandle file, string path, bool canWrite, MappedFileAccess access, nuint byteCount, out Block block)
    {
        var mapping = new FileMapping(file, path, canWrite, access);
        unsafe
        {
            // SAFETY: the file has so many bytes.
            void* start = mapping.MapPart(byteCount);
            block = start != null ? new Block(start, byteCount) : throw Failure.OutOfMemory(byteCount, mapping);
        }

        return mapping;
    }

    /// <summary>Throws for what is told apart before anything is opened: opening a pipe waits for its other end.</summary>
    private static string Check(string path, MappedFileAccess access)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (access is < MappedFileAccess.Any or > MappedFileAccess.Sequential)
        {
            throw new ArgumentOutOfRangeException(nameof(access), access, "There is no such access.");
        }

        string fullPath = Path.GetFullPath(path);
        if (Directory.Exists(fullPath))
        {
            throw new UnauthorizedAccessException($"{fullPath} is a folder.");
        }

        return SystemMaps.Current.IsPlainFile(fullPath)
            ? fullPath
            : throw new NotSupportedException($"{fullPath} is not a file but a pipe, a device or a socket: it cannot be mapped.");
    }

    private unsafe void* MapPart(nuint byteCount)
    {
        if (byteCount == 0)
        {
            return Nowhere;
        }

        void* start = SystemMaps.Current.Map(_file, byteCount, CanWrite);
        Advise(start, byteCount);
        return start;
    }

    private unsafe void Advise(void* start, nuint byteCount)
    {
        if (start != null && _access == MappedFileAccess.Sequential)
        {
            SystemMaps.Current.ExpectSequential(start, byteCount);
        }
    }
}
