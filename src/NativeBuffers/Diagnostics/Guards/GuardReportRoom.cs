using Microsoft.Win32.SafeHandles;
using NativeBuffers.Os;
using NativeBuffers.Watching;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The bytes of a report: a file of this process's alone, which grows as it is needed, and is mapped longer than it is.</summary>
/// <remarks>
/// <para>The disk may be full. A page of a mapped file that the disk has no room for ends a process with SIGBUS when it is touched. So
/// the file is neither taken in advance, which costs megabytes of each process, nor left with holes: zeros are written to it before
/// its mapping is touched there, and a write can be refused. Where the file grows no more, the rest of its mapping becomes plain memory.</para>
/// <para>What remains: file systems that write elsewhere what is changed (btrfs, ZFS) need room for that, too, which no call can promise.</para>
/// </remarks>
internal sealed class GuardReportRoom
{
    /// <summary>Keeps the file open.</summary>
    private readonly FileStream _file;

    private readonly string _path;

    /// <summary>Windows: deletes the file when the process has ended in order.</summary>
    private SafeFileHandle? _end;

    private GuardReportRoom(FileStream file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>How long the file is, in whole pages: what is mapped of it may be touched.</summary>
    public nuint ByteCount { get; private set; }

    /// <summary>A file that is new; null if there can be none, which is told.</summary>
    public static GuardReportRoom? TryCreate(string path, nuint byteCount)
    {
        GuardReportRoom? room = null;
        try
        {
            SystemName.ThrowIfNoPath(path, nameof(path));
            room = new GuardReportRoom(Create(path), path);
            room.Grow(byteCount);
            ProcessEnd.DoLast(room.Delete);
            return room;
        }
        catch (Exception exception)
        {
            // Whatever it is: the guard goes on without a report, and the program with it.
            GuardTrouble.Tell($"guards work without a report, for {path} cannot be written: {exception.Message}");
            room?._file.Dispose();
            room?.Delete();
            return null;
        }
    }

    /// <summary>Makes the file longer; false if that cannot be, which is told.</summary>
    public bool TryGrow(nuint byteCount)
    {
        try
        {
            Grow(byteCount);
            return true;
        }
        catch (Exception exception)
        {
            GuardTrouble.Tell($"the report {_path} tells of some blocks only, for it cannot become longer: {exception.Message}");
            return false;
        }
    }

    /// <summary>Maps more than there is yet; null if that cannot be, which is told.</summary>
    /// <safety>Behind <see cref="ByteCount"/> the mapping must not be touched.</safety>
    public unsafe void* TryMap(nuint byteCount)
    {
        try
        {
            if (OperatingSystem.IsWindows() && byteCount > ByteCount)
            {
                // There a mapping cannot be longer than its file. And its memory is set aside when the file becomes longer.
                SystemMaps.Current.SetLength(_file.SafeFileHandle, (long)byteCount);
                ByteCount = byteCount;
            }

            void* start = SystemMaps.Current.Map(_file.SafeFileHandle, byteCount, canWrite: true);
            if (start == null)
            {
                GuardTrouble.Tell($"guards work without the report {_path}, for there is no memory to map it");
            }

            return start;
        }
        catch (Exception exception)
        {
            GuardTrouble.Tell($"guards work without the report {_path}, for it cannot be mapped: {exception.Message}");
            return null;
        }
    }

    /// <summary>Puts plain memory, all zero, where the mapping is longer than the file; false when there is none.</summary>
    /// <safety>The mapping is this room's, that long, and nobody has touched it behind <see cref="ByteCount"/>.</safety>
    public unsafe bool TryReplace(byte* start, nuint mappedByteCount)
    {
        // SAFETY: whole pages inside the caller's mapping. A new mapping goes in their place, so that the file is no longer theirs.
        byte* rest = start + ByteCount;
        return !OperatingSystem.IsWindows()
            && SystemMemory.Current.Decommit(rest, mappedByteCount - ByteCount, PageKind.Ordinary)
            && SystemMemory.Current.Commit(rest, mappedByteCount - ByteCount);
    }

    /// <remarks>A new file follows nobody's links, and is this user's alone.</remarks>
    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private void Grow(nuint byteCount)
    {
        if ((ulong)byteCount > (ulong)FileSizeLimit.Current)
        {
            throw new IOException($"files of this process may have {FileSizeLimit.Current:N0} bytes (ulimit -f).");
        }

        ReadOnlySpan<byte> zeros = stackalloc byte[4096];
        for (nuint written = ByteCount; written < byteCount; written += (nuint)zeros.Length)
        {
            RandomAccess.Write(_file.SafeFileHandle, zeros, (long)written);
        }

        ByteCount = byteCount;
    }

    private void Delete()
    {
        try
        {
            if (OperatingSystem.IsWindows() && !_file.SafeFileHandle.IsClosed)
            {
                // A file that is mapped is not deleted there, and records are written to the end. But a handle may say that the file goes with its
                // last one, which the system closes when the process has ended.
                _end = File.OpenHandle(
                    _path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.DeleteOnClose);
                return;
            }

            File.Delete(_path);
        }
        catch (Exception)
        {
            // It stays, and does no harm.
        }
    }
}
