using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Safe;

/// <summary>Finds where lines end, 64 bytes at a time.</summary>
internal static class Newlines
{
    // Positions are stored this many at a time, whether so many newlines are there or not: no branch to mispredict.
    private const int StoredAtOnce = 6;

    /// <summary>
    /// Stores the positions of the newlines from <paramref name="start"/> to <paramref name="end"/>, and counts them.
    /// The distance is a multiple of 64, or no newline stands behind the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Find(ReadOnlySpan<byte> bytes, int start, int end, Span<int> newlines)
    {
        Vector256<byte> newline = Vector256.Create((byte)'\n');
        int count = 0;
        for (int i = start; i < end; i += 64)
        {
            // Slices of constant length: one check each, none behind them.
            ReadOnlySpan<byte> piece = bytes.Slice(i, 64);
            uint low = Vector256.Equals(Vector256.Create(piece), newline).ExtractMostSignificantBits();
            uint high = Vector256.Equals(Vector256.Create(piece[32..]), newline).ExtractMostSignificantBits();
            ulong found = low | ((ulong)high << 32);
            Span<int> store = newlines.Slice(count, StoredAtOnce);
            int behind = count + StoredAtOnce;
            count += BitOperations.PopCount(found);
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
            for (; found != 0; behind++)
            {
                newlines[behind] = i + BitOperations.TrailingZeroCount(found);
                found &= found - 1;
            }
        }

        return count;
    }
}
