namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The record of a guarded block: written to the report, and used by the guard itself (GWP-ASan's allocation metadata).</summary>
/// <remarks>
/// The pages of the range that are not data can never be touched. The block ends where the data ends, or less than its alignment before
/// that. The rest of the data, before and after the block, is <em>slack</em>, and filled with <see cref="Canary"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct GuardedBlock
{
    /// <summary>Each byte of slack.</summary>
    public const byte Canary = 0xB5;

    /// <summary>Written last, so that a record counts only when it is complete, even if the process ends.</summary>
    public Use State;

    /// <summary>The managed number of the thread that allocated the block.</summary>
    public int Thread;

    /// <summary>The address of the first byte.</summary>
    public ulong Start;

    /// <summary>The requested size in bytes.</summary>
    public ulong ByteCount;

    /// <summary>All addresses of the block, pages around it included.</summary>
    public ulong RangeStart;
    public ulong RangeByteCount;

    /// <summary>The pages that can be touched while the block lives.</summary>
    public ulong DataStart;
    public ulong DataByteCount;

    /// <summary>Counts the guarded blocks of the process, from 1.</summary>
    public long Serial;

    /// <summary>The unused block of the inner allocator for this one, so that it counts and refuses as it would without guards; or 0.</summary>
    public nuint Shadow;

    /// <summary>The number of the guard that gave the block out.</summary>
    public int Guard;

    /// <summary>The managed number of the thread that freed the block.</summary>
    public int FreedByThread;

    /// <summary>The alignment in bytes.</summary>
    public uint Alignment;

    /// <summary>Whether the block has elements. Then it needs only their alignment.</summary>
    public bool IsTyped;

    /// <summary>Whether the range belongs to a lot of <see cref="GuardRecords"/>.</summary>
    public bool IsInLot;

    private readonly short _padding;

    /// <summary>The allocator's name for reports.</summary>
    public GuardText Allocator;
    public GuardText AllocatedAt;
    public GuardText FreedAt;

    /// <summary>The use of a record: no block, a block in use, or a freed block, whose pages cannot be touched.</summary>
    public enum Use
    {
        None,
        Live,
        Freed,
    }

    /// <summary>The first address after the block.</summary>
    public readonly ulong End => Start + ByteCount;

    /// <safety>The pages of the block are mapped and readable while the caller uses the span.</safety>
    private readonly unsafe Span<byte> Front => new((void*)DataStart, (int)(ByteCount == 0 ? 0 : Start - DataStart));

    /// <safety>The pages of the block are mapped and readable while the caller uses the span.</safety>
    private readonly unsafe Span<byte> Back => new((void*)End, (int)(ByteCount == 0 ? 0 : DataStart + DataByteCount - End));

    /// <summary>Whether an address is in the range.</summary>
    public readonly bool Covers(ulong address) => address - RangeStart < RangeByteCount;

    /// <summary>The distance from an address to the block's bytes; 0 for one of these bytes.</summary>
    public readonly ulong DistanceTo(ulong address) =>
        address < Start ? Start - address : address >= End ? address - End + 1 : 0;

    /// <summary>The bound across which slack was written; null if none. The slack is filled again.</summary>
    /// <safety>The data pages can be touched.</safety>
    public unsafe NativeMemoryViolationKind? RepairSlack()
    {
        NativeMemoryViolationKind? found =
            Back.ContainsAnyExcept(Canary) ? NativeMemoryViolationKind.Overflow
            : Front.ContainsAnyExcept(Canary) ? NativeMemoryViolationKind.Underflow
            : null;
        if (found is not null)
        {
            FillSlack();
        }

        return found;
    }

    /// <safety>The data pages can be touched.</safety>
    public unsafe void FillSlack()
    {
        Front.Fill(Canary);
        Back.Fill(Canary);
    }
}
