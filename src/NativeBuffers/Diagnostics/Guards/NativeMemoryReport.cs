using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers;

/// <summary>The report of a process with page guards: its guarded blocks, and the memory access that ended the process.</summary>
/// <remarks>
/// <para>A fault at a guard page cannot be caught. So the process writes its report in advance, to the file
/// <c>nativebuffers-PID-STARTTIME-RANDOM.guard</c>. The environment variable <c>NATIVEBUFFERS_GUARD_REPORT</c> names the folder; without
/// it, the file is in the folder for temporary files. A process that ends in order deletes its file. The file of a process that still
/// runs can be read, too.</para>
/// <para>A report is immutable, and may be used from all threads.</para>
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

    /// <summary>The path of this process's report. The file is made when the process guards its first block with pages.</summary>
    public static string PathOfThisProcess => ProcessReport.FilePath;

    /// <summary>The number of the process.</summary>
    public int ProcessId { get; }

    /// <summary>The name of the program.</summary>
    public string Program { get; }

    /// <summary>When the process began to guard, in UTC.</summary>
    public DateTime StartedAt { get; }

    /// <summary>The number of blocks that could not be guarded, because there were too many or they were too large.</summary>
    public long UnguardedCount { get; }

    /// <summary>The last memory access that failed; null if there was none, or if the system does not tell.</summary>
    public NativeMemoryFault? Fault { get; }

    /// <summary>The guarded blocks: live ones, and the last ones that were freed.</summary>
    public IReadOnlyList<NativeMemoryReportBlock> Blocks { get; }

    /// <summary>Finds reports, the newest first, also of processes that still run.</summary>
    /// <param name="folder">The folder to search; null for the folder of <see cref="PathOfThisProcess"/>.</param>
    /// <param name="processId">The number of the process; null for all. Several processes may have had the same number, at other
    /// times or in containers.</param>
    /// <returns>The paths of the reports.</returns>
    /// <exception cref="IOException">The folder does not exist, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder belongs to another user.</exception>
    public static IReadOnlyList<string> Find(string? folder = null, int? processId = null) =>
        GuardReportFile.Find(folder ?? GuardReportFile.Folder, processId);

    /// <summary>Reads a report.</summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or has characters that this system does not allow in a path.</exception>
    /// <exception cref="InvalidDataException">The file is no report, a report of another version, or only a part of a report.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file belongs to another user.</exception>
    public static NativeMemoryReport Read(string path)
    {
        SystemName.ThrowIfNoPath(path, nameof(path));

        // A pipe has no length, and to open it would wait for its other end.
        if (new FileInfo(path) is { Exists: true, Length: < GuardReportHeader.ByteCount })
        {
            throw NoReport(path);
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (!TryRead(file, out GuardReportHeader header)
            || header.SignatureFound != GuardReportHeader.Signature
            || header.RecordByteCount != Unsafe.SizeOf<GuardedBlock>()
            || header.SampleCount is < 0 or > ProcessReport.SampleCount
            || header.MappingCount is < 0 or > ProcessReport.MostMappingCount)
        {
            throw NoReport(path);
        }

        file.Position = GuardReportHeader.ByteCount;
        List<NativeMemoryReportBlock> blocks = [];
        for (int i = 0; i < header.SampleCount + header.MappingCount; i++)
        {
            if (!TryRead(file, out GuardedBlock record))
            {
                throw new InvalidDataException($"'{path}' is only a part of a report.");
            }

            if (record.State is GuardedBlock.Use.Live or GuardedBlock.Use.Freed)
            {
                blocks.Add(new NativeMemoryReportBlock(record));
            }
        }

        return new NativeMemoryReport(header, blocks);
    }

    /// <summary>The guarded block whose bytes, or pages around them, an address is in; null if there is none.</summary>
    /// <param name="address">Any address.</param>
    public NativeMemoryReportBlock? FindBlock(nuint address) =>
        Blocks.Where(block => block.Record.Covers(address)).MinBy(block => block.Record.DistanceTo(address));

    /// <summary>The violation that an access to an address is; null if it is allowed, or the address is unknown.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="isWrite">True for a write, false for a read, null if unknown.</param>
    public NativeMemoryViolation? FindViolation(nuint address, bool? isWrite = null) =>
        FindBlock(address) is { } block ? GuardFindings.Touched(block.Record, address, isWrite) : null;

    /// <summary>Explains an access to an address in one sentence.</summary>
    /// <param name="address">Any address. The access is known to be a read or a write only for the address of <see cref="Fault"/>.</param>
    public string Explain(nuint address)
    {
        if (FindBlock(address) is not { } block)
        {
            return $"0x{address:x} is in no block that was guarded when the report was written last.";
        }

        bool? isWrite = Fault is { } fault && fault.Address == address ? fault.IsWrite : null;
        return GuardFindings.Touched(block.Record, address, isWrite)?.Message
            ?? $"0x{address:x} is byte {address - block.Address} of a live block of {block.ByteCount} bytes allocated at {block.AllocatedAt}.";
    }

    /// <summary>Explains <see cref="Fault"/> in one sentence.</summary>
    public string Explain() => Fault is { } fault ? Explain(fault.Address) : "The report tells of no fault.";

    private static bool TryRead<T>(FileStream file, out T value)
        where T : unmanaged
    {
        value = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }

    private static InvalidDataException NoReport(string path) => new($"'{path}' is no report of this version of NativeBuffers.");
}
