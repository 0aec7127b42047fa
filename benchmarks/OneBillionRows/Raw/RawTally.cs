using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>The inner loop: finds each line's station by its name, and adds the line's temperature.</summary>
internal static class RawTally
{
    /// <summary>
    /// Adds lines up to the first whose station is not in the table or has a long name, and counts them. Nothing is
    /// called here, so everything stays in registers; the caller looks after the one line and comes back.
    /// </summary>
    /// <safety>
    /// The first line begins at start, each other behind the newline of the one before. A key's bytes behind each
    /// start are readable, and the table has a free slot.
    /// </safety>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe int AddKnown(byte* data, int* newlines, RawLine* lines, int lineCount, RawStation* slots)
    {
        Vector256<sbyte> positions = Vector256<sbyte>.Indices;
        for (int i = 0; i < lineCount; i++)
        {
            RawLine* line = lines + i;
            if ((uint)(line->KeyLength - 2) > RawStation.KeyByteCount - 2)
                return i;

            Vector256<byte> name = Vector256.Load(data + newlines[i - 1] + 1);
            Vector256<byte> key = name & Vector256.GreaterThan(Vector256.Create((sbyte)line->KeyLength), positions).AsByte();
            uint slot = RawStationTable.SlotOf(key);
            while (slots[slot].Key != key)
            {
                if (slots[slot].NameLength == 0)
                    return i;
                slot = (slot + 1) & (RawStationTable.SlotCount - 1);
            }

            RawStation* station = slots + slot;
            int tenths = line->Tenths;
            station->Count++;
            station->Sum += tenths;
            if (tenths < station->Min)
                station->Min = tenths;
            if (tenths > station->Max)
                station->Max = tenths;
        }

        return lineCount;
    }
}
