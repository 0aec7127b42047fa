using System.Text;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The report of this process: a header and records in a mapped file, which keeps them after the process has ended.</summary>
/// <remarks>
/// The records are also the guards' own data. If there can be no file, or the file cannot grow, records are in plain memory. Guards work
/// all the same then, and report once why the file is missing or too short.
/// </remarks>
internal static class ProcessReport
{
    /// <summary>The number of records of samples.</summary>
    public const int SampleCount = 128;

    /// <summary>The largest number of records of other blocks.</summary>
    public const int MostMappingCount = 1 << 18;

    /// <summary>The number of bytes that are added to the file at a time.</summary>
    private const int Step = 64 * 1024;

    private static readonly UninterruptedLock s_lock = new();
    private static GuardReportFile? s_file;
    private static unsafe GuardReportHeader* s_header;
    private static unsafe FaultLine* s_line;
    private static unsafe GuardedBlock* s_samples;
    private static unsafe GuardedBlock* s_mappings;
    private static int s_mappingCapacity;

    /// <summary>The number of records of other blocks that can be touched by now.</summary>
    private static int s_mappingCount;

    /// <summary>The path of the file, which may not exist.</summary>
    public static string FilePath { get; } = GuardReportFile.NextPath();

    /// <summary>The records of samples; null if memory is exhausted.</summary>
    /// <safety>There are <see cref="SampleCount"/> records, which stay mapped for as long as the process lives. One pool uses them.</safety>
    public static unsafe GuardedBlock* Samples()
    {
        using UninterruptedLock.Scope scope = s_lock.Enter();
        if (s_samples == null && TryMap(SampleCount, out byte* start))
        {
            s_samples = (GuardedBlock*)(start + GuardReportHeader.ByteCount);
            s_line->FirstRecords = s_samples;
            Volatile.Write(ref s_line->FirstCount, SampleCount);
        }

        return s_samples;
    }

    /// <summary>The addresses of <paramref name="capacity"/> records of other blocks; null if memory is exhausted.</summary>
    /// <safety>The addresses stay mapped for as long as the process lives. Only records that <see cref="TryReach"/> has reached can be
    /// touched. One pool uses them, always with the same capacity.</safety>
    public static unsafe GuardedBlock* Mappings(int capacity)
    {
        using UninterruptedLock.Scope scope = s_lock.Enter();
        if (s_mappings == null && TryMap(SampleCount + capacity, out byte* start))
        {
            s_mappings = (GuardedBlock*)(start + GuardReportHeader.ByteCount) + SampleCount;
            s_mappingCapacity = capacity;
            s_mappingCount = s_file is null ? capacity : CountIn(s_file.ByteCount);
            s_header->MappingCount = s_file is null ? 0 : s_mappingCount;
            s_line->SecondRecords = s_mappings;
            Volatile.Write(ref s_line->SecondCount, (ulong)s_mappingCount);
        }

        return s_mappings;
    }

    /// <summary>Makes room for a record of <see cref="Mappings"/>, and for some after it; false if there is no room.</summary>
    /// <safety><see cref="Mappings"/> has returned the addresses, and the index is below its capacity.</safety>
    public static unsafe bool TryReach(int index)
    {
        if (index < Volatile.Read(ref s_mappingCount))
        {
            return true;
        }

        using UninterruptedLock.Scope scope = s_lock.Enter();
        if (index >= s_mappingCount)
        {
            // SAFETY: start is the mapping of header and all records, mapped bytes long, for as long as the process lives. No record
            // after the end of the file was touched yet.
            byte* start = (byte*)(s_mappings - SampleCount) - GuardReportHeader.ByteCount;
            nuint mapped = ByteCountOf(SampleCount + s_mappingCapacity);
            if (s_file is { } file && file.ByteCount < mapped
                && file.TryGrow(nuint.Min(mapped, nuint.Max(file.ByteCount + Step, ByteCountOf(SampleCount + index + 1)))))
            {
                s_header->MappingCount = CountIn(file.ByteCount);
                Volatile.Write(ref s_mappingCount, s_header->MappingCount);
            }
            else if (s_file is null || s_file.TryReplace(start, mapped))
            {
                Volatile.Write(ref s_mappingCount, s_mappingCapacity);
            }

            Volatile.Write(ref s_line->SecondCount, (ulong)s_mappingCount);
        }

        return index < s_mappingCount;
    }

    /// <summary>Counts a block that could not be guarded.</summary>
    public static void CountUnguarded()
    {
        unsafe
        {
            // SAFETY: the header is null, or stays mapped for as long as the process lives.
            if (s_header != null)
            {
                Interlocked.Increment(ref s_header->UnguardedCount);
            }
        }
    }

    /// <summary>
    /// Maps the header and <paramref name="recordCount"/> records. A new file has room for the samples. An earlier mapping stays where it
    /// is, and has the same contents if there is a file.
    /// </summary>
    /// <safety>The mapping stays for as long as the process lives. If there is a file, it must not be touched after the end of the file.</safety>
    private static unsafe bool TryMap(int recordCount, out byte* start)
    {
        nuint byteCount = ByteCountOf(recordCount);
        if (s_header == null)
        {
            s_file = GuardReportFile.TryCreate(FilePath, ByteCountOf(SampleCount));
        }

        start = s_file is null ? null : (byte*)s_file.TryMap(byteCount);
        if (start == null)
        {
            // An earlier file still has the header. These records are in plain memory, so they need no room in the file.
            s_file = null;
            start = (byte*)Host.Memory.Allocate(byteCount, 1);
        }

        if (start != null && s_header == null)
        {
            s_line = MakeFaultLine(s_file is null ? null : FilePath);
            if (s_line == null)
            {
                return false;
            }

            s_header = (GuardReportHeader*)start;
            Begin(s_header, s_line);
        }

        return start != null;
    }

    /// <safety>Header and line stay mapped for as long as the process lives.</safety>
    private static unsafe void Begin(GuardReportHeader* header, FaultLine* line)
    {
        header->RecordByteCount = sizeof(GuardedBlock);
        header->ProcessId = Environment.ProcessId;
        header->SampleCount = SampleCount;
        header->StartedAt = DateTime.UtcNow.Ticks;
        header->KnowsAccess = Host.Faults.KnowsAccess ? 1 : 0;
        header->Program.Write(AppDomain.CurrentDomain.FriendlyName);
        header->SignatureFound = GuardReportHeader.Signature;
        _ = Host.Faults.TryNote(&header->FaultAddress, line);
    }

    /// <summary>Makes the line that the fault handler writes to the error stream, without records; null if memory is exhausted.</summary>
    /// <remarks>Without it, the error stream would show only <c>AccessViolationException</c>. The line is complete before the fault.</remarks>
    /// <param name="reportPath">The path of the report; null if there is none.</param>
    /// <safety>The line and its texts stay for as long as the process lives.</safety>
    public static unsafe FaultLine* MakeFaultLine(string? reportPath)
    {
        string end = reportPath is null ? ". There is no report.\n" : $". More: nativebuffers-guard {Quoted(reportPath)}\n";
        byte[] begin = Text("NativeBuffers: a guarded block was used wrongly. It was allocated at ");
        byte[] freed = Text(", freed at ");
        byte[] more = Text(end);
        nuint byteCount = (nuint)(sizeof(FaultLine) + begin.Length + freed.Length + more.Length);
        var line = (FaultLine*)Host.Memory.Allocate(WholePages(byteCount), 1);
        if (line == null)
        {
            return null;
        }

        line->Begin = (byte*)(line + 1);
        line->Freed = line->Begin + begin.Length;
        line->End = line->Freed + freed.Length;
        begin.CopyTo(new Span<byte>(line->Begin, begin.Length));
        freed.CopyTo(new Span<byte>(line->Freed, freed.Length));
        more.CopyTo(new Span<byte>(line->End, more.Length));
        return line;
    }

    /// <summary>A path, quoted for a shell.</summary>
    private static string Quoted(string path) =>
        path.All(static each => char.IsLetterOrDigit(each) || each is '/' or '.' or '_' or '-')
            ? path
            : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>A text in UTF-8 with a zero at its end, and none before.</summary>
    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal)), 0];

    private static nuint ByteCountOf(int recordCount) =>
        WholePages(GuardReportHeader.ByteCount + ((nuint)recordCount * (nuint)Unsafe.SizeOf<GuardedBlock>()));

    private static nuint WholePages(nuint byteCount) => (byteCount + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1);

    private static int CountIn(nuint byteCount) =>
        int.Min(s_mappingCapacity, (int)((byteCount - GuardReportHeader.ByteCount) / (nuint)Unsafe.SizeOf<GuardedBlock>()) - SampleCount);
}
