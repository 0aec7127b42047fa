using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Safe;

/// <summary>The inner loop: finds each line's station by its name, and adds the line's temperature.</summary>
internal static class Tally
{
    /// <summary>
    /// Adds lines up to the first whose station is not in the table or has a long name, and counts them. Nothing is
    /// called here, so everything stays in registers; the caller looks after the one line and comes back.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int AddKnown(
        ReadOnlySpan<byte> names, ReadOnlySpan<int> newlines, ReadOnlySpan<Line> lines, Span<Station> slots)
    {
        // The same length as the lines, and a constant: what follows needs no checks for either.
        newlines = newlines[..lines.Length];
        slots = slots[..StationTable.SlotCount];
        Vector256<sbyte> positions = Vector256<sbyte>.Indices;
        for (int i = 0; i < lines.Length; i++)
        {
            ref readonly Line line = ref lines[i];
            if ((uint)(line.KeyLength - 2) > Station.KeyByteCount - 2)
                return i;

            Vector256<byte> name = Vector256.Create(names.Slice(newlines[i], Station.KeyByteCount));
            Vector256<byte> key = name & Vector256.GreaterThan(Vector256.Create((sbyte)line.KeyLength), positions).AsByte();
            uint slot = StationTable.SlotOf(key);
            ref Station station = ref slots[(int)slot];
            while (station.Key != key)
            {
                if (station.NameLength == 0)
                    return i;
                slot = (slot + 1) & (StationTable.SlotCount - 1);
                station = ref slots[(int)slot];
            }

            int tenths = line.Tenths;
            station.Count++;
            station.Sum += tenths;
            if (tenths < station.Min)
                station.Min = tenths;
            if (tenths > station.Max)
                station.Max = tenths;
        }

        return lines.Length;
    }
}
