using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>The inner loop: finds each line's station by its name, and adds the line's temperature.</summary>
internal static class RawTally
{
    /// <summary>
    /// Adds the lines whose station is in its first slot, stores the numbers of the others, and counts these. Nothing
    /// is called here, so everything stays in registers; the caller looks after the others.
    /// </summary>
    /// <safety>
    /// Each line begins behind the newline of the one before, and a key's bytes from there are readable. There is room
    /// for as many unknown lines as lines.
    /// </safety>
    public static unsafe int AddKnown(byte* data, int* newlines, RawLine* lines, int lineCount, RawStation* slots, int* unknown)
    {
        Vector256<sbyte> positions = Vector256<sbyte>.Indices;
        int unknownCount = 0;
        int* before = newlines - 1;
        for (RawLine* line = lines; line < lines + lineCount; line++, before++)
        {
            Vector256<byte> name = Vector256.Load(data + *before + 1);
            Vector256<byte> key = name & Vector256.GreaterThan(Vector256.Create((sbyte)line->KeyLength), positions).AsByte();
            RawStation* station = slots + RawStationTable.SlotOf(key);
            if (station->Key == key && (uint)(line->KeyLength - 2) <= RawStation.KeyByteCount - 2)
            {
                int tenths = line->Tenths;
                station->Count++;
                station->Sum += tenths;
                if (tenths < station->Min)
                    station->Min = tenths;
                if (tenths > station->Max)
                    station->Max = tenths;
            }
            else
            {
                unknown[unknownCount++] = (int)(line - lines);
            }
        }

        return unknownCount;
    }
}
