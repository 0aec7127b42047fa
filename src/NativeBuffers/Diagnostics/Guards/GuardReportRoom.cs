using Microsoft.Win32.SafeHandles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The file of a report. It belongs to this process alone, grows as needed, and its mapping is longer than the file.</summary>
/// <remarks>
/// <para>The disk may be full. A process that touches a page of a mapped file ends with SIGBUS if the disk has no room for the page. To take
/// all room in advance would cost megabytes for each process. So the room writes zeros to the file before the mapping is touched there, and the
/// system can refuse a write. When the file can grow no more, the rest of the mapping becomes plain memory.</para>
/// <para>What remains: file systems that write changes to another place (btrfs, ZFS) need more room for that, which no call can promise.</para>
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

    /// <summary>The length of the file, in whole pages. The mapping may be touched up to there.</summary>
    public nuint ByteCount { get; private set; }

    /// <summary>Makes a new file; null if that fails, which is told.</summary>
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
            // For whatever reason: the guard and the program go on without a report.
            GuardTrouble.Tell($"guards work without a report, because {path} cannot be written: {exception.Message}");
            room?._file.Dispose();
            room?.Delete();
            return null;
        }
    }

    /// <summary>Makes the file longer; false if that fails, which is told.</summary>
    public bool TryGrow(nuint byteCount)
    {
        try
        {
            Grow(byteCount);
            return true;
        }
        catch (Exception exception)
        {
            GuardTrouble.Tell($"the report {_path} tells of some blocks only, because it cannot become longer: {exception.Message}");
            return false;
        }
    }

    /// <summary>Maps the file, and more than it has yet; null if that fails, which is told.</summary>
    /// <safety>The mapping must not be touched after <see cref="ByteCount"/>. It stays for as long as the process lives.</safety>
    public unsafe void* TryMap(nuint byteCount)
    {
        try
        {
            if (OperatingSystem.IsWindows() && byteCount > ByteCount)
            {
                // On Windows a mapping cannot be longer than its file, and the system takes the room when the file becomes longer.
                Host.Maps.SetLength(_file.SafeFileHandle, (long)byteCount);
                ByteCount = byteCount;
            }

            void* start = Host.Maps.Map(_file.SafeFileHandle, byteCount, canWrite: true);
            if (start == null)
            {
                GuardTrouble.Tell($"guards work without the report {_path}, because there is no memory to map it");
            }

            return start;
        }
        catch (Exception exception)
        {
            GuardTrouble.Tell($"guards work without the report {_path}, because it cannot be mapped: {exception.Message}");
            return null;
        }
    }

    /// <summary>Puts plain memory, all zero, where the mapping is longer than the file; false when memory is exhausted.</summary>
    /// <safety>The mapping is this room's, has <paramref name="mappedByteCount"/> bytes, and was not touched after <see cref="ByteCount"/>.</safety>
    public unsafe bool TryReplace(byte* start, nuint mappedByteCount)
    {
        // SAFETY: rest has mappedByteCount - ByteCount bytes, whole pages at the end of the caller's mapping, which stays mapped.
        // A new mapping replaces these pages, so that they are the file's no longer.
        byte* rest = start + ByteCount;
        return !OperatingSystem.IsWindows()
            && Host.Memory.Decommit(rest, mappedByteCount - ByteCount, PageKind.Ordinary)
            && Host.Memory.Commit(rest, mappedByteCount - ByteCount);
    }

    /// <remarks>The file is always new, so no link is followed. Only this user may read it.</remarks>
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
            throw new IOException($"the limit ulimit -f lets files of this process have {FileSizeLimit.Current:N0} bytes.");
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
                // Windows does not delete a mapped file, and records are written up to the end. So this handle asks the system to delete the
                // file when its last handle is closed, which happens when the process has ended.
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
