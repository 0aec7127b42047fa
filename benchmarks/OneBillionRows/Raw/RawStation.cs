using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>One slot of the table, one line of the processor's cache. A slot is free while its name has length 0.</summary>
internal struct RawStation
{
    public const int KeyByteCount = 32;

    // The name with the semicolon behind it, then zeros; of a name of 32 bytes or more, its first 32.
    public Vector256<byte> Key;
    public long Count;
    public long Sum;
    public int Min;
    public int Max;
    public int NameStart;
    public int NameLength;
}
