using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Safe;

/// <summary>Reads the temperatures of four lines at once, each from the bytes before its newline; and fetches names.</summary>
/// <remarks>
/// Eight bytes are taken as a word. Its byte 7 is the last digit, 6 the point, 5 the digit before it. Byte 4 has the tens, the minus or
/// the semicolon; byte 3 the minus, the semicolon or a name; byte 2 the semicolon or a name. So four shapes
/// exist: <c>;d.d</c>, <c>;-d.d</c>, <c>;dd.d</c>, <c>;-dd.d</c>.
/// </remarks>
internal static class Temperatures
{
    /// <summary>The number of lines in one step.</summary>
    public const int AtOnce = 4;

    /// <summary>
    /// Parses the lines, a multiple of four; true if all are well formed from the semicolon on.
    /// <paramref name="newlines"/> has one more: it begins with the one before the first line. After each line the name of
    /// the next is stored; the caller stores the first.
    /// </summary>
    public static bool Read(ReadOnlySpan<byte> words, ReadOnlySpan<int> newlines, Span<Line> lines, Span<Vector256<byte>> names)
    {
        // Four lines each, and as many of all: the loop needs no checks for any of these. The condition has an exception of its own, because a
        // slice that fails here and one that fails in the loop would share one place, and the compiler would lay the loop out in pieces.
        Span<Vector256<long>> results = MemoryMarshal.Cast<Line, Vector256<long>>(lines);
        if (newlines.Length <= AtOnce * results.Length || names.Length <= AtOnce * results.Length)
            throw new ArgumentException("There are a newline and a name for each line, and one before the first.");
        ReadOnlySpan<Ends> ends = MemoryMarshal.Cast<int, Ends>(newlines[1..])[..results.Length];
        Span<Names> nexts = MemoryMarshal.Cast<Vector256<byte>, Names>(names[1..])[..results.Length];
        ReadOnlySpan<Vector128<int>> before = MemoryMarshal.Cast<int, Vector128<int>>(newlines)[..results.Length];
        Vector256<byte> digitOrPoint = Vector256.Create(0x302E_3030_0000_0000).AsByte();
        Vector256<byte> largest = Vector256.Create(0x0900_0909_FFFF_FFFF).AsByte();
        Vector256<byte> tens = Vector256.Create(0x0000_00FF_0000_0000).AsByte();
        Vector256<byte> wellFormed = Vector256<byte>.AllBitsSet;
        for (int i = 0; i < results.Length; i++)
        {
            ref readonly Ends end = ref ends[i];

            // One check a line, for both reads: the word before its newline, and the name after it, which belongs to the next line.
            // Each line is read after its own check. With all checks first, the loop has more addresses than there are registers.
            ref Names next = ref nexts[i];
            ref readonly Window window = ref WindowAt(words, end.First);
            Vector128<ulong> lower = Vector128.CreateScalar(window.Word);
            next.First = window.Name;
            window = ref WindowAt(words, end.Second);
            lower = lower.WithElement(1, window.Word);
            next.Second = window.Name;
            window = ref WindowAt(words, end.Third);
            Vector128<ulong> upper = Vector128.CreateScalar(window.Word);
            next.Third = window.Name;
            window = ref WindowAt(words, end.Fourth);
            upper = upper.WithElement(1, window.Word);
            next.Fourth = window.Name;
            Vector256<byte> word = Vector256.Create(lower, upper).AsByte();

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
            Vector128<int> lineLength = end.All - before[i];
            Vector256<long> keyLength = Vector256.WidenLower(lineLength.ToVector256()) - tailLength;
            results[i] = (tenths << 32) | keyLength;
        }

        return wellFormed == Vector256<byte>.AllBitsSet;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref readonly Window WindowAt(ReadOnlySpan<byte> words, int start) =>
        ref MemoryMarshal.Cast<byte, Window>(words.Slice(start, Window.ByteCount))[0];

    // As positions and names of four lines lie in memory.
    private struct Names
    {
        public Vector256<byte> First;
        public Vector256<byte> Second;
        public Vector256<byte> Third;
        public Vector256<byte> Fourth;
    }

    [StructLayout(LayoutKind.Explicit)]
    private readonly struct Ends
    {
        [FieldOffset(0)]
        public readonly Vector128<int> All;
        [FieldOffset(0)]
        public readonly int First;
        [FieldOffset(4)]
        public readonly int Second;
        [FieldOffset(8)]
        public readonly int Third;
        [FieldOffset(12)]
        public readonly int Fourth;
    }

    // The bytes around a newline.
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly struct Window
    {
        public const int ByteCount = sizeof(ulong) + 1 + Station.KeyByteCount;
        public readonly ulong Word;
        public readonly byte Newline;
        public readonly Vector256<byte> Name;
    }
}
