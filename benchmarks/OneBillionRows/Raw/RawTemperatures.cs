using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>Reads the temperatures of four lines at once, each from the bytes before its newline; and fetches names.</summary>
/// <remarks>
/// Eight bytes are taken as a word. Its byte 7 is the last digit, 6 the point, 5 the digit before it. Byte 4 has the tens, the minus or
/// the semicolon; byte 3 the minus, the semicolon or a name; byte 2 the semicolon or a name. So four shapes
/// exist: <c>;d.d</c>, <c>;-d.d</c>, <c>;dd.d</c>, <c>;-dd.d</c>.
/// </remarks>
internal static class RawTemperatures
{
    private const ulong TensByte = 0x0000_00FF_0000_0000;

    /// <summary>
    /// Parses four lines in each step; true if all are well formed from the semicolon on. It stores the name of the next line after
    /// each line; the caller stores the first name.
    /// </summary>
    /// <safety>
    /// Eight bytes before each newline are readable, and a key's bytes after it. Before the first newline is the position of the
    /// one before it. All arrays are that long, rounded up to a multiple of four, and names one longer.
    /// </safety>
    public static unsafe bool Read(byte* data, int* newlines, int lineCount, RawLine* lines, Vector256<byte>* names)
    {
        Vector256<byte> digitOrPoint = Vector256.Create(0x302E_3030_0000_0000).AsByte();
        Vector256<byte> largest = Vector256.Create(0x0900_0909_FFFF_FFFF).AsByte();
        Vector256<byte> tens = Vector256.Create(TensByte).AsByte();
        Vector256<byte> wellFormed = Vector256<byte>.AllBitsSet;
        for (int i = 0; i < lineCount; i += 4)
        {
            int* end = newlines + i;
            byte* first = data + end[0] - 8;
            byte* second = data + end[1] - 8;
            byte* third = data + end[2] - 8;
            byte* fourth = data + end[3] - 8;
            Vector256<byte> word = Vector256.Create(*(ulong*)first, *(ulong*)second, *(ulong*)third, *(ulong*)fourth).AsByte();
            names[i + 1] = Vector256.Load(first + 9);
            names[i + 2] = Vector256.Load(second + 9);
            names[i + 3] = Vector256.Load(third + 9);
            names[i + 4] = Vector256.Load(fourth + 9);

            // Bytes 4 to 7 as digits, the point as 0. Flags are bytes of ones; the shifts bring them into byte 4.
            Vector256<byte> digits = word ^ digitOrPoint;
            Vector256<byte> isDigit = Vector256.Equals(Vector256.Min(digits, largest), digits);
            Vector256<byte> semicolon = Vector256.Equals(word, Vector256.Create((byte)';'));
            Vector256<byte> minus = Vector256.Equals(word, Vector256.Create((byte)'-'));
            Vector256<byte> minusThenDigit = isDigit & (minus.AsUInt64() << 8).AsByte();
            Vector256<byte> begins = semicolon
                | ((semicolon.AsUInt64() << 8).AsByte() & (minus | isDigit))
                | ((semicolon.AsUInt64() << 16).AsByte() & minusThenDigit);
            wellFormed &= (begins | ~tens) & (isDigit | tens);

            // tens * 10 + ones in one 16-bit lane, tenths in the next; then both in the upper of them.
            Vector256<ushort> pairs = (digits & (isDigit & Vector256.Create(0xFF00_FFFF_0000_0000).AsByte())).AsUInt16();
            Vector256<uint> parts = ((pairs * Vector256.Create(0x0001_0A01_0000_0000).AsUInt16()) >> 8).AsUInt32();
            Vector256<long> magnitude = ((parts * 0x000A_0001u).AsUInt64() >> 48).AsInt64();
            Vector256<long> negative = Vector256.Equals(((minus | minusThenDigit) & tens).AsInt64(), tens.AsInt64());
            Vector256<long> tenths = (magnitude ^ negative) - negative;

            // Semicolon and number have 5 bytes, one less without minus and tens, one more with both.
            Vector256<long> tailLength =
                (((Vector256.Create((byte)5) + semicolon - minusThenDigit) & tens).AsUInt64() >> 32).AsInt64();
            Vector128<int> lineLength = Vector128.Load(end) - Vector128.Load(end - 1);
            Vector256<long> keyLength = Vector256.WidenLower(lineLength.ToVector256Unsafe()) - tailLength;
            Vector256.Store((tenths << 32) | keyLength, (long*)(lines + i));
        }

        return wellFormed == Vector256<byte>.AllBitsSet;
    }
}
