using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>What the handler of faults writes to the error stream, and where it looks whether a fault is one to tell of.</summary>
/// <remarks>
/// <para>In plain memory, which never moves: the machine code reads it. A fault is told if its address is in the range of a record, and
/// only the first one is. The handler walks the records, and writes three or five texts: <see cref="Begin"/>, the record's text of its
/// allocation, of a freed block <see cref="Freed"/> and the text of its free, and <see cref="End"/>. All end with a zero.</para>
/// <para>The layout of a record, as the machine code has it: a state of 4 bytes at 0, which is 0 for none and 2 for a freed block; the
/// range's start at 24, its length at 32; the texts at 160 and 232; 304 bytes in all. A test compares that with the records.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct FaultLine
{
    /// <inheritdoc cref="FaultLine"/>
    public const int RangeStartAt = 24, RangeByteCountAt = 32, AllocatedAtAt = 160, FreedAtAt = 232, RecordByteCount = 304;

    /// <summary>Not 0 when a fault was told.</summary>
    public ulong IsWritten;

    /// <summary>Two tables of records. A table is complete when its count says so, which is written last.</summary>
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
