using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Safe;

/// <summary>Finds where lines end, 64 bytes at a time.</summary>
internal static class Newlines
{
    /// <summary>The bytes of one step.</summary>
    public const int PieceByteCount = 64;

    /// <summary>The room for positions that must be left after the last newline.</summary>
    public const int Room = PieceByteCount;

    /// <summary>
    /// Stores the positions of the newlines in these bytes, a multiple of 64 of which the first is at position
    /// <paramref name="start"/>, and counts them.
    /// </summary>
    public static int Find(ReadOnlySpan<byte> bytes, int start, Span<int> newlines)
    {
        Vector256<byte> newline = Vector256.Create((byte)'\n');
        Span<int> store = newlines;
        int i = start;
        foreach (ref readonly Piece piece in MemoryMarshal.Cast<byte, Piece>(bytes))
        {
            uint low = Vector256.Equals(piece.Low, newline).ExtractMostSignificantBits();
            uint high = Vector256.Equals(piece.High, newline).ExtractMostSignificantBits();
            ulong found = low | ((ulong)high << 32);
            int foundCount = BitOperations.PopCount(found);

            // One look at the room, none for the stores. Always six at a time: that
            // is no branch to mispredict, and more than six are rare.
            if (store.Length < Room)
                throw new ArgumentException("There is not enough room for the positions.");
            store[0] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            store[1] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            store[2] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            store[3] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            store[4] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            store[5] = i + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            for (int k = 6; found != 0; k++)
            {
                store[k] = i + BitOperations.TrailingZeroCount(found);
                found &= found - 1;
            }

            store = store[foundCount..];
            i += PieceByteCount;
        }

        return newlines.Length - store.Length;
    }

    // As the bytes of a piece lie in memory.
    private readonly record struct Piece(Vector256<byte> Low, Vector256<byte> High);
}
