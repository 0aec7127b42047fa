using System.Numerics;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>Finds where lines end, 64 bytes at a time.</summary>
internal static class RawNewlines
{
    /// <summary>Stores the positions of the newlines from <paramref name="start"/> to <paramref name="end"/>, and counts them.</summary>
    /// <safety>
    /// The bytes from start to end, rounded up to a multiple of 64, are readable, and no newline is after the end.
    /// There is room for one position a byte and six more.
    /// </safety>
    public static unsafe int Find(byte* data, int start, int end, int* newlines)
    {
        Vector256<byte> newline = Vector256.Create((byte)'\n');
        int count = 0;
        for (int i = start; i < end; i += 64)
        {
            byte* piece = data + (uint)i;
            uint low = Vector256.Equals(Vector256.Load(piece), newline).ExtractMostSignificantBits();
            uint high = Vector256.Equals(Vector256.Load(piece + 32), newline).ExtractMostSignificantBits();
            ulong found = low | ((ulong)high << 32);
            int* store = newlines + (uint)count;
            count += BitOperations.PopCount(found);

            // Always six at a time: that is no branch to mispredict, and more newlines in one vector are rare.
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
        }

        return count;
    }
}
