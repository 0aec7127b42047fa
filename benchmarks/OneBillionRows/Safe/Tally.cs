using System.Runtime.Intrinsics;

namespace OneBillionRows.Safe;

/// <summary>The inner loop: finds each line's station by its name, and adds the line's temperature.</summary>
internal static class Tally
{
    /// <summary>
    /// Adds the lines whose station is in its first slot, and stores and counts the numbers of the remaining lines. Nothing
    /// is called here, so everything stays in registers; the caller handles the remaining lines.
    /// </summary>
    public static int AddKnown(
        ReadOnlySpan<Line> lines, ReadOnlySpan<Vector256<byte>> names, Span<Station> slots, Span<int> unknown)
    {
        // Known from here on: two lengths that are the same, and a constant one, so neither is checked in the loop. Slicing
        // alone would tell as much, but then its failure and the loop's share one place, and the compiler, which thinks that
        // place likely, lays the loop out in pieces.
        if (names.Length < lines.Length || slots.Length != StationTable.SlotCount)
            throw new ArgumentException("There is a name for each line, and the table has its one size.");
        names = names[..lines.Length];
        Vector256<sbyte> positions = Vector256<sbyte>.Indices;
        int unknownCount = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            ref readonly Line line = ref lines[i];
            Vector256<byte> key = names[i] & Vector256.GreaterThan(Vector256.Create((sbyte)line.KeyLength), positions).AsByte();
            ref Station station = ref slots[(int)StationTable.SlotOf(key)];
            if (station.Key == key && (uint)(line.KeyLength - 2) <= Station.KeyByteCount - 2)
            {
                int tenths = line.Tenths;
                station.Count++;
                station.Sum += tenths;
                if (tenths < station.Min)
                    station.Min = tenths;
                if (tenths > station.Max)
                    station.Max = tenths;
            }
            else
            {
                unknown[unknownCount++] = i;
            }
        }

        return unknownCount;
    }
}
