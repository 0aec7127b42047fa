using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>One slot of the table, one line of the processor's cache. A slot is free while its name has length 0.</summary>
internal struct RawStation
{
    public const int KeyByteCount = 32;

    // A short name with the semicolon after it, then zeros; all zeros for a longer name. With the semicolon
    // no key is the start of another, a zero byte in a name is nothing special, and no line has the key of zeros.
    public Vector256<byte> Key;
    public long Count;
    public long Sum;
    public int Min;
    public int Max;
    public int NameStart;
    public int NameLength;
}
