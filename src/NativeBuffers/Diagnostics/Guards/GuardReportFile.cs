using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The file of a report, <c>nativebuffers-PID-STARTTIME-RANDOM.guard</c>. It belongs to one process, which deletes it at its end.</summary>
/// <remarks>
/// <para>A process number alone identifies no process: each container counts from 1, and a restarted container writes to the same folder.
/// So no two processes use the same name, and a process changes no file but its own.</para>
/// <para>The disk may be full. A process that touches a page of a mapped file ends with SIGBUS if the disk has no room for the page. To
/// take all room in advance would cost megabytes for each process. So the file grows as needed, and its mapping is longer than the file.
/// Zeros are written to the file before the mapping is touched there, and the system can refuse a write. When the file cannot grow, the
/// rest of the mapping becomes plain memory.</para>
/// <para>One case remains: file systems that write changes to another place (btrfs, ZFS) need more room for that, and no call can promise
/// it.</para>
/// </remarks>
internal sealed class GuardReportFile
{
    private const string Prefix = "nativebuffers-";
    private const string Suffix = ".guard";

    /// <summary>Keeps the file open.</summary>
    private readonly FileStream _file;

    private readonly string _path;

    /// <summary>Windows: deletes the file when the process has ended in order.</summary>
    private SafeFileHandle? _end;

    private GuardReportFile(FileStream file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>The folder that <c>NATIVEBUFFERS_GUARD_REPORT</c> names, or the one for temporary files. It may not exist. Throws nothing.</summary>
    public static string Folder
    {
        get
        {
            string folder = ".";
            try
            {
                folder = Environment.GetEnvironmentVariable("NATIVEBUFFERS_GUARD_REPORT") is { Length: > 0 } named ? named : Path.GetTempPath();
                return Path.GetFullPath(folder);
            }
            catch (Exception)
            {
                // There is no folder for temporary files; the path is relative and the current folder was deleted; or the path is not valid.
                return folder;
            }
        }
    }

    /// <summary>The length of the file, in whole pages. The mapping may be touched up to there.</summary>
    public nuint ByteCount { get; private set; }

    /// <summary>A path that no other process uses, now or later.</summary>
    public static string NextPath() => Path.Combine(
        Folder,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Prefix}{Environment.ProcessId}-{DateTime.UtcNow:yyyyMMdd'T'HHmmssfff}-{Random.Shared.NextInt64():x16}{Suffix}"));

    /// <summary>The reports in a folder, the newest first.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static string[] Find(string folder, int? processId)
    {
        string pattern = processId is { } id ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id}-*{Suffix}") : $"{Prefix}*{Suffix}";
        string[] paths = Directory.GetFiles(folder, pattern);
        Array.Sort(paths, static (left, right) => StringComparer.Ordinal.Compare(StartOf(right), StartOf(left)));
        return paths;
    }

    /// <summary>Makes a new file; null if that fails for any reason, which is reported.</summary>
    public static GuardReportFile? TryCreate(string path, nuint byteCount)
    {
        GuardReportFile? file = null;
        try
        {
            SystemName.ThrowIfNoPath(path, nameof(path));
            file = new GuardReportFile(Create(path), path);
            file.Grow(byteCount);
            ProcessEnd.DoLast(file.Delete);
            return file;
        }
        catch (Exception exception)
        {
            NativeMemoryGuard.WarnOnce($"guards work without a report, because {path} cannot be written: {exception.Message}");
            file?._file.Dispose();
            file?.Delete();
            return null;
        }
    }

    /// <summary>Makes the file longer; false if that fails, which is reported.</summary>
    public bool TryGrow(nuint byteCount)
    {
        try
        {
            Grow(byteCount);
            return true;
        }
        catch (Exception exception)
        {
            NativeMemoryGuard.WarnOnce($"the report {_path} tells of some blocks only, because it cannot become longer: {exception.Message}");
            return false;
        }
    }

    /// <summary>Maps the file, and addresses after its end; null if that fails, which is reported.</summary>
    /// <safety>The mapping must not be touched after <see cref="ByteCount"/>. It stays for as long as the process lives.</safety>
    public unsafe void* TryMap(nuint byteCount)
    {
        try
        {
            if (OperatingSystem.IsWindows() && byteCount > ByteCount)
            {
                // On Windows a mapping cannot be longer than its file, and the system takes the room when the file becomes longer.
                Host.Files.SetLength(_file.SafeFileHandle, (long)byteCount);
                ByteCount = byteCount;
            }

            void* start = Host.Files.Map(_file.SafeFileHandle, byteCount, canWrite: true);
            if (start == null)
            {
                NativeMemoryGuard.WarnOnce($"guards work without the report {_path}, because there is no memory to map it");
            }

            return start;
        }
        catch (Exception exception)
        {
            NativeMemoryGuard.WarnOnce($"guards work without the report {_path}, because it cannot be mapped: {exception.Message}");
            return null;
        }
    }

    /// <summary>Puts plain memory, all zero, where the mapping is longer than the file; false if memory is exhausted.</summary>
    /// <safety>
    /// The mapping is from <see cref="TryMap"/>, has <paramref name="mappedByteCount"/> bytes, and was not touched after
    /// <see cref="ByteCount"/>.
    /// </safety>
    public unsafe bool TryReplace(byte* start, nuint mappedByteCount)
    {
        // SAFETY: rest has mappedByteCount - ByteCount bytes, whole pages at the end of the caller's mapping, which stays mapped.
        // A new mapping replaces these pages, so that they belong to the file no longer.
        byte* rest = start + ByteCount;
        return !OperatingSystem.IsWindows()
            && Host.Memory.Decommit(rest, mappedByteCount - ByteCount, PageKind.Ordinary)
            && Host.Memory.Commit(rest, mappedByteCount - ByteCount);
    }

    /// <summary>The part of a name after the process number. It sorts names by the start of their processes.</summary>
    private static string StartOf(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
        return name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
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
        if ((ulong)byteCount > (ulong)Host.Files.LongestFile)
        {
            throw new IOException($"the limit ulimit -f lets files of this process have {Host.Files.LongestFile:N0} bytes.");
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
            // The file stays, and does no harm.
        }
    }
}
