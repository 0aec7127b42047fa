using System.Runtime.Intrinsics;

namespace OneBillionRows.Raw;

/// <summary>The inner loop: finds each line's station by its name, and adds the line's temperature.</summary>
internal static class RawTally
{
    /// <summary>
    /// Adds the lines whose station is in its first slot, and stores and counts the numbers of the remaining lines. Nothing
    /// is called here, so everything stays in registers; the caller handles the remaining lines.
    /// </summary>
    /// <safety>There are as many names as lines, and room for as many unknown ones; the slots are a whole table.</safety>
    public static unsafe int AddKnown(Vector256<byte>* names, RawLine* lines, int lineCount, RawStation* slots, int* unknown)
    {
        Vector256<sbyte> positions = Vector256<sbyte>.Indices;
        int unknownCount = 0;
        for (RawLine* line = lines; line < lines + lineCount; line++, names++)
        {
            Vector256<byte> key = *names & Vector256.GreaterThan(Vector256.Create((sbyte)line->KeyLength), positions).AsByte();
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
