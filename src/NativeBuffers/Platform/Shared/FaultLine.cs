namespace NativeBuffers.Platform.Shared;

/// <summary>The texts that the handler of faults writes to the error stream, and the records that decide whether it writes.</summary>
/// <remarks>
/// <para>The line is in memory that never moves, because the machine code reads it. The handler reports only the first fault whose address
/// is in the range of a record. It writes <see cref="Begin"/> and the record's text of the allocation. For a freed block it also writes
/// <see cref="Freed"/> and the text of the free. At last it writes <see cref="End"/>. All texts end with a zero.</para>
/// <para>The machine code knows this layout of a record: a state of 4 bytes at 0, which is 0 for no block and 2 for a freed block. The
/// range's start is at 24, and its length at 32. The texts are at 160 and 232. A record has 304 bytes. A test compares the layout with the records.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct FaultLine
{
    /// <inheritdoc cref="FaultLine"/>
    public const int RangeStartAt = 24, RangeByteCountAt = 32, AllocatedAtAt = 160, FreedAtAt = 232, RecordByteCount = 304;

    /// <summary>Not 0 after a fault was reported.</summary>
    public ulong IsWritten;

    /// <summary>Two tables of records. The count of a table is written last, when its records are there.</summary>
    public unsafe void* FirstRecords;

    /// <inheritdoc cref="FirstRecords"/>
    public ulong FirstCount;

    /// <inheritdoc cref="FirstRecords"/>
    public unsafe void* SecondRecords;

    /// <inheritdoc cref="FirstRecords"/>
    public ulong SecondCount;

    public unsafe byte* Begin;

    public unsafe byte* Freed;

    public unsafe byte* End;
}
