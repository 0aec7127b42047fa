namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What is known of a guarded block: a record of the report, which is also where the guard itself looks it up.</summary>
/// <remarks>
/// The pages of the range that are not data can never be touched. The block ends with the data, or less than its alignment before; what
/// is left in front of it and behind it is <em>slack</em>, filled with <see cref="Canary"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct GuardedBlock
{
    /// <summary>What slack is filled with.</summary>
    public const byte Canary = 0xB5;

    /// <summary>Written last, so that a record which the end of the process finds half-written says nothing.</summary>
    public GuardedBlockState State;

    /// <summary>The managed number of the thread that asked for it.</summary>
    public int Thread;

    /// <summary>The first byte's address.</summary>
    public ulong Start;

    /// <summary>As it was asked for.</summary>
    public ulong ByteCount;

    /// <summary>All addresses that are this block's, pages around it included.</summary>
    public ulong RangeStart;

    public ulong RangeByteCount;

    /// <summary>The pages that can be touched while it lives.</summary>
    public ulong DataStart;

    public ulong DataByteCount;

    /// <summary>Counts the guarded blocks of the process, from 1.</summary>
    public long Serial;

    /// <summary>A block that the allocator behind has given for this one, so that it counts and refuses as it would without guards; or 0.</summary>
    public nuint Shadow;

    /// <summary>The number of the guard that gave it out.</summary>
    public int Guard;

    /// <summary>The managed number of the thread that gave it back.</summary>
    public int FreedByThread;

    /// <summary>What its start is a multiple of, in bytes.</summary>
    public uint Alignment;

    /// <summary>Whether the block has elements. Then it needs no more than their alignment.</summary>
    public bool IsTyped;

    /// <summary>Whether the block's range belongs to <see cref="GuardLots"/>.</summary>
    public bool IsInLot;

    private readonly short _padding;

    /// <summary>The allocator, as the user knows it.</summary>
    public GuardText Allocator;

    public GuardText AllocatedAt;

    public GuardText FreedAt;

    /// <summary>The first address behind the block.</summary>
    public readonly ulong End => Start + ByteCount;

    /// <summary>Whether an address is one of the range's.</summary>
    public readonly bool Covers(ulong address) => address - RangeStart < RangeByteCount;

    /// <summary>How far an address is from the block's bytes; 0 for one of them.</summary>
    public readonly ulong DistanceTo(ulong address) =>
        address < Start ? Start - address : address >= End ? address - End + 1 : 0;

    /// <summary>Which of its bounds was written across; null if none. The slack is as it was then.</summary>
    /// <safety>The data can be touched.</safety>
    public unsafe NativeMemoryViolationKind? RepairSlack()
    {
        Span<byte> front = Front;
        Span<byte> back = Back;
        NativeMemoryViolationKind? found =
            back.ContainsAnyExcept(Canary) ? NativeMemoryViolationKind.Overflow
            : front.ContainsAnyExcept(Canary) ? NativeMemoryViolationKind.Underflow
            : null;
        if (found is not null)
        {
            FillSlack();
        }

        return found;
    }

    /// <safety>The data can be touched.</safety>
    public unsafe void FillSlack()
    {
        Front.Fill(Canary);
        Back.Fill(Canary);
    }

    private readonly unsafe Span<byte> Front => new((void*)DataStart, (int)(ByteCount == 0 ? 0 : Start - DataStart));

    private readonly unsafe Span<byte> Back => new((void*)End, (int)(ByteCount == 0 ? 0 : DataStart + DataByteCount - End));
}
