using Microsoft.Win32.SafeHandles;
using NativeBuffers.Caches;
using NativeBuffers.Os;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The report of this process: a file that is mapped, so that what is written to it is there also when the process has ended.</summary>
/// <remarks>
/// Its size is bounded, and taken from the disk at once. A process that ends in order deletes it. Where there can be no file, the records
/// are in plain memory, and guards work all the same.
/// </remarks>
internal static class GuardReportFile
{
    /// <summary>How many samples there are at a time.</summary>
    public const int SampleCount = 128;

    /// <summary>How many other blocks are known at a time, live and freed.</summary>
    public const int MappingCount = 28_672;

    private const string FolderVariable = "NATIVEBUFFERS_GUARD_REPORT";

    private static readonly UninterruptedLock s_lock = new();
    private static SafeFileHandle? s_file;
    private static unsafe GuardReportHeader* s_header;
    private static unsafe GuardedBlock* s_samples;
    private static unsafe GuardedBlock* s_mappings;

    /// <summary>Where the file is, or would be.</summary>
    public static string FilePath { get; } = Path.Combine(
        Environment.CurrentDirectory,
        Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder : Path.GetTempPath(),
        $"nativebuffers-{Environment.ProcessId}.guard");

    /// <summary>Room for the records of samples; null when memory is exhausted.</summary>
    /// <safety>They stay for as long as the process lives; one store uses them.</safety>
    public static unsafe GuardedBlock* Samples()
    {
        using (s_lock.Enter())
        {
            if (s_samples == null && TryMap(SampleCount, out byte* start))
            {
                s_samples = (GuardedBlock*)(start + GuardReportHeader.ByteCount);
            }

            return s_samples;
        }
    }

    /// <summary>Room for the records of all other blocks; null when memory is exhausted.</summary>
    /// <safety>They stay for as long as the process lives; one store uses them.</safety>
    public static unsafe GuardedBlock* Mappings()
    {
        using (s_lock.Enter())
        {
            if (s_mappings == null && TryMap(SampleCount + MappingCount, out byte* start))
            {
                s_mappings = (GuardedBlock*)(start + GuardReportHeader.ByteCount) + SampleCount;
                s_header->MappingCount = MappingCount;
            }

            return s_mappings;
        }
    }

    /// <summary>Counts a block that could not be guarded.</summary>
    public static void CountUnguarded()
    {
        unsafe
        {
            // SAFETY: the header stays mapped.
            if (s_header != null)
            {
                Interlocked.Increment(ref s_header->UnguardedCount);
            }
        }
    }

    /// <summary>Maps the header and so many records. What was mapped before stays where it is, and is the same memory if there is a file.</summary>
    private static unsafe bool TryMap(int recordCount, out byte* start)
    {
        nuint byteCount = GuardReportHeader.ByteCount + ((nuint)recordCount * (nuint)sizeof(GuardedBlock));
        byteCount = (byteCount + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1);
        start = (byte*)TryMapFile(byteCount);
        if (start == null)
        {
            start = (byte*)SystemMemory.Current.Allocate(byteCount, 1);
        }

        if (start != null && s_header == null)
        {
            s_header = (GuardReportHeader*)start;
            Begin(s_header);
        }

        return start != null;
    }

    private static unsafe void* TryMapFile(nuint byteCount)
    {
        try
        {
            if (s_file is null && s_header == null)
            {
                s_file = Create();
                AppDomain.CurrentDomain.ProcessExit += static (_, _) => Delete();
            }

            if (s_file is null)
            {
                return null;
            }

            // Never shorter: behind the end of a file, its mapping cannot be touched.
            if (RandomAccess.GetLength(s_file) < (long)byteCount)
            {
                SystemMaps.Current.SetLength(s_file, (long)byteCount);
            }

            return SystemMaps.Current.Map(s_file, byteCount, canWrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException or NotSupportedException)
        {
            StandardError.WriteLine($"NativeBuffers: there will be no report {FilePath}: {exception.Message}");
            return null;
        }
    }

    /// <remarks>A file that is there is another process's, which had this number before. A new one follows nobody's links, and is this user's alone.</remarks>
    private static SafeFileHandle Create()
    {
        File.Delete(FilePath);
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

        return new FileStream(FilePath, options).SafeFileHandle;
    }

    private static unsafe void Begin(GuardReportHeader* header)
    {
        header->RecordByteCount = sizeof(GuardedBlock);
        header->ProcessId = Environment.ProcessId;
        header->SampleCount = SampleCount;
        header->StartedAt = DateTime.UtcNow.Ticks;
        header->KnowsAccess = SystemFaults.Current.KnowsAccess ? 1 : 0;
        header->Program.Write(AppDomain.CurrentDomain.FriendlyName);
        header->SignatureFound = GuardReportHeader.Signature;
        _ = SystemFaults.Current.TryNote(&header->FaultAddress);
    }

    private static void Delete()
    {
        try
        {
            File.Delete(FilePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It stays, and does no harm.
        }
    }
}
