using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers;

/// <summary>What a process has left that was started with guards by pages, and ended by touching what it must not: who owned that.</summary>
/// <remarks>
/// <para>The fault of such a process cannot be caught. So the process writes ahead, into the file
/// <c>nativebuffers-PID-STARTTIME-RANDOM.guard</c> in the folder for temporary files, or in the one that the environment variable
/// <c>NATIVEBUFFERS_GUARD_REPORT</c> names; a process that ends in order deletes its own. The file of a process that still runs may
/// be read, too.</para>
/// <para>A report cannot change, and may be used by all threads.</para>
/// <code>
/// Console.WriteLine(NativeMemoryReport.Read(NativeMemoryReport.Find()[0]).Explain());
/// // Read 1 byte past a 100-byte block allocated at F.cs:12.
/// </code>
/// </remarks>
public sealed class NativeMemoryReport
{
    private NativeMemoryReport(GuardReportHeader header, IReadOnlyList<NativeMemoryReportBlock> blocks)
    {
        ProcessId = header.ProcessId;
        Program = header.Program.ToString();
        StartedAt = new DateTime(long.Clamp(header.StartedAt, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        UnguardedCount = header.UnguardedCount;
        Blocks = blocks;
        if (header.FaultAddress != 0)
        {
            bool? isWrite = header.KnowsAccess == 0 ? null : SystemFaults.IsWrite(header.FaultAccess);
            Fault = new NativeMemoryFault((nuint)header.FaultAddress, isWrite, (nuint)header.FaultInstruction);
        }
    }

    /// <summary>Where this process writes its report, once it guards blocks by pages.</summary>
    public static string PathOfThisProcess => GuardReportFile.FilePath;

    /// <summary>The process's number.</summary>
    public int ProcessId { get; }

    /// <summary>The program's name.</summary>
    public string Program { get; }

    /// <summary>When the process began to guard, in UTC.</summary>
    public DateTime StartedAt { get; }

    /// <summary>How many blocks could not be guarded, though they should have been: there were too many, or too large ones.</summary>
    public long UnguardedCount { get; }

    /// <summary>The last memory access that failed; null if there was none, or the system does not tell.</summary>
    public NativeMemoryFault? Fault { get; }

    /// <summary>The guarded blocks: those in use, and those that were freed lately.</summary>
    public IReadOnlyList<NativeMemoryReportBlock> Blocks { get; }

    /// <summary>Finds reports, the newest first, also those of processes that still run.</summary>
    /// <param name="folder">Where to look; null for the folder where this process would write its report.</param>
    /// <param name="processId">The number of the process; null for all. Several processes may have had the same number, at other times or in containers.</param>
    /// <returns>Their paths; none if there are none.</returns>
    /// <exception cref="IOException">The folder cannot be read, or there is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is another user's.</exception>
    public static IReadOnlyList<string> Find(string? folder = null, int? processId = null) =>
        GuardReportName.Find(folder ?? GuardReportName.Folder, processId);

    /// <summary>Reads a report.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that no path of this system can have.</exception>
    /// <exception cref="InvalidDataException">The file is no report, one of another version, or only a part of one.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is another user's.</exception>
    public static NativeMemoryReport Read(string path)
    {
        SystemName.ThrowIfNoPath(path, nameof(path));

        // A pipe has no length, and who opens it waits for its other end.
        if (new FileInfo(path) is { Exists: true, Length: < GuardReportHeader.ByteCount })
        {
            throw NoReport(path);
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] headerBytes = new byte[GuardReportHeader.ByteCount];
        if (file.ReadAtLeast(headerBytes, headerBytes.Length, throwOnEndOfStream: false) < headerBytes.Length)
        {
            throw NoReport(path);
        }

        GuardReportHeader header = MemoryMarshal.Read<GuardReportHeader>(headerBytes);
        int recordByteCount = RecordByteCount();
        if (header.SignatureFound != GuardReportHeader.Signature
            || header.RecordByteCount != recordByteCount
            || header.SampleCount is < 0 or > GuardReportFile.SampleCount
            || header.MappingCount is < 0 or > GuardReportFile.MostMappingCount)
        {
            throw NoReport(path);
        }

        List<NativeMemoryReportBlock> blocks = [];
        byte[] bytes = new byte[recordByteCount];
        for (int i = 0; i < header.SampleCount + header.MappingCount; i++)
        {
            if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            {
                throw new InvalidDataException($"'{path}' is only a part of a report.");
            }

            GuardedBlock record = MemoryMarshal.Read<GuardedBlock>(bytes);
            if (record.State is GuardedBlockState.Live or GuardedBlockState.Freed)
            {
                blocks.Add(new NativeMemoryReportBlock(record));
            }
        }

        return new NativeMemoryReport(header, blocks);
    }

    /// <summary>The guarded block that an address belongs to, or whose guard pages it is in; null if there is none.</summary>
    /// <param name="address">Any address.</param>
    public NativeMemoryReportBlock? FindBlock(nuint address) =>
        Blocks.Where(block => block.Record.Covers(address)).MinBy(block => block.Record.DistanceTo(address));

    /// <summary>What it means to touch an address; null if that is allowed, or nothing is known of it.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="isWrite">Whether it is written; null if that is not known.</param>
    public NativeMemoryViolation? FindViolation(nuint address, bool? isWrite = null) =>
        FindBlock(address) is { } block ? GuardWords.Touched(block.Record, address, isWrite) : null;

    /// <summary>What it means to touch an address, in one sentence.</summary>
    /// <param name="address">Any address; that of <see cref="Fault"/> is taken to be touched as it was.</param>
    public string Explain(nuint address)
    {
        if (FindBlock(address) is not { } block)
        {
            return $"0x{address:x} is at no block that was guarded when the report was written last.";
        }

        bool? isWrite = Fault is { } fault && fault.Address == address ? fault.IsWrite : null;
        return GuardWords.Touched(block.Record, address, isWrite)?.Message
            ?? $"0x{address:x} is byte {address - block.Address} of a live block of {block.ByteCount} bytes allocated at {block.AllocatedAt}.";
    }

    /// <summary>What the fault was, in one sentence.</summary>
    public string Explain() => Fault is { } fault ? Explain(fault.Address) : "The report tells of no fault.";

    private static unsafe int RecordByteCount() => sizeof(GuardedBlock);

    private static InvalidDataException NoReport(string path) => new($"'{path}' is no report of this version of NativeBuffers.");
}
