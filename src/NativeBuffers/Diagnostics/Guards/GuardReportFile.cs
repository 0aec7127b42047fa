using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The report of this process: a header and records in a mapped file, which keeps them when the process has ended.</summary>
/// <remarks>
/// A process that ends in order deletes the file. Where there can be no file, or it can grow no more, records are in plain memory. Guards
/// work all the same then, and say once what is missing.
/// </remarks>
internal static class GuardReportFile
{
    /// <summary>How many samples there are at a time.</summary>
    public const int SampleCount = 128;

    /// <summary>The largest <see cref="MappingCount"/>.</summary>
    public const int MostMappingCount = 1 << 18;

    /// <summary>How many bytes the file grows by.</summary>
    private const int Step = 64 * 1024;

    private static readonly UninterruptedLock s_lock = new();
    private static GuardReportRoom? s_room;
    private static unsafe GuardReportHeader* s_header;
    private static unsafe FaultLine* s_line;
    private static unsafe GuardedBlock* s_samples;
    private static unsafe GuardedBlock* s_mappings;
    private static int s_mappingCount;

    /// <summary>How many other blocks have records at a time, live and freed. There are fewer where each block is a mapping.</summary>
    public static int MappingCount { get; } = GuardPages.AreThere ? MostMappingCount : 28_672;

    /// <summary>Where the file is, or would be.</summary>
    public static string FilePath { get; } = Path.Combine(GuardReportName.Folder, GuardReportName.Next());

    /// <summary>Room for the records of samples; null when memory is exhausted.</summary>
    /// <safety>They stay for as long as the process lives; one store uses them.</safety>
    public static unsafe GuardedBlock* Samples()
    {
        using (s_lock.Enter())
        {
            if (s_samples == null && TryMap(SampleCount, SampleCount, out byte* start))
            {
                s_samples = (GuardedBlock*)(start + GuardReportHeader.ByteCount);
                s_line->FirstRecords = s_samples;
                Volatile.Write(ref s_line->FirstCount, SampleCount);
            }

            return s_samples;
        }
    }

    /// <summary>Addresses for the records of all other blocks; null when memory is exhausted. <see cref="TryReach"/> tells which of them may be touched.</summary>
    /// <safety>They stay for as long as the process lives; one store uses them.</safety>
    public static unsafe GuardedBlock* Mappings()
    {
        using (s_lock.Enter())
        {
            if (s_mappings == null && TryMap(SampleCount + MappingCount, SampleCount, out byte* start))
            {
                s_mappings = (GuardedBlock*)(start + GuardReportHeader.ByteCount) + SampleCount;
                s_mappingCount = s_room is null ? MappingCount : CountIn(s_room.ByteCount);
                s_header->MappingCount = s_room is null ? 0 : s_mappingCount;
                s_line->SecondRecords = s_mappings;
                Volatile.Write(ref s_line->SecondCount, (ulong)s_mappingCount);
            }

            return s_mappings;
        }
    }

    /// <summary>Makes room for a record of <see cref="Mappings"/>, and for some after it; false when there is no room.</summary>
    /// <safety><see cref="Mappings"/> has returned the addresses; they stay for as long as the process lives.</safety>
    public static unsafe bool TryReach(int index)
    {
        if (index < Volatile.Read(ref s_mappingCount))
        {
            return true;
        }

        using (s_lock.Enter())
        {
            if (index >= s_mappingCount)
            {
                // SAFETY: start is the mapping of header and all records, mapped bytes long, for as long as the process lives. No record
                // after the length of the room was touched yet.
                byte* start = (byte*)(s_mappings - SampleCount) - GuardReportHeader.ByteCount;
                nuint mapped = ByteCountOf(SampleCount + MappingCount);
                if (s_room is { } room && room.ByteCount < mapped && room.TryGrow(nuint.Min(mapped, nuint.Max(room.ByteCount + Step, ByteCountOf(SampleCount + index + 1)))))
                {
                    s_header->MappingCount = CountIn(room.ByteCount);
                    Volatile.Write(ref s_mappingCount, s_header->MappingCount);
                }
                else if (s_room is null || s_room.TryReplace(start, mapped))
                {
                    Volatile.Write(ref s_mappingCount, MappingCount);
                }

                Volatile.Write(ref s_line->SecondCount, (ulong)s_mappingCount);
            }

            return index < s_mappingCount;
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

    /// <summary>
    /// Maps the header and <paramref name="recordCount"/> records; the first <paramref name="usedCount"/> have room at once. An earlier
    /// mapping stays where it is, and has the same contents if there is a file.
    /// </summary>
    private static unsafe bool TryMap(int recordCount, int usedCount, out byte* start)
    {
        nuint byteCount = ByteCountOf(recordCount);
        if (s_header == null)
        {
            s_room = GuardReportRoom.TryCreate(FilePath, ByteCountOf(usedCount));
        }

        start = s_room is null ? null : (byte*)s_room.TryMap(byteCount);
        if (start == null)
        {
            // An earlier room still has the header. These records are in plain memory, so they need no room.
            s_room = null;
            start = (byte*)Host.Memory.Allocate(byteCount, 1);
        }

        if (start != null && s_header == null)
        {
            s_line = GuardFaultLine.Make(s_room is null ? null : FilePath);
            if (s_line == null)
            {
                return false;
            }

            s_header = (GuardReportHeader*)start;
            Begin(s_header, s_line);
        }

        return start != null;
    }

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

    private static unsafe nuint ByteCountOf(int recordCount) =>
        (GuardReportHeader.ByteCount + ((nuint)recordCount * (nuint)sizeof(GuardedBlock)) + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1);

    private static unsafe int CountIn(nuint byteCount) =>
        int.Min(MappingCount, (int)((byteCount - GuardReportHeader.ByteCount) / (nuint)sizeof(GuardedBlock)) - SampleCount);
}
