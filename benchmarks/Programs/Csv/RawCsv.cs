using Programs.Rows;

namespace Programs.Csv;

/// <summary>Reads the lines by a pointer that walks, and keeps the rows at raw pointers.</summary>
internal static class RawCsv
{
    public static unsafe string Run(byte[] input)
    {
        RawRows rows = RawRows.Create();
        try
        {
            // SAFETY: every line has its separators, so the pointer stays inside the input.
            fixed (byte* start = input)
            {
                byte* next = start;
                while (next < start + input.Length)
                {
                    byte* name = next;
                    while (*next != ',')
                    {
                        next++;
                    }

                    int nameLength = (int)(next - name);
                    next++;
                    int cents = Number(ref next) * 100;
                    cents += Number(ref next);
                    rows.Add(new ReadOnlySpan<byte>(name, nameLength), cents, Number(ref next));
                }
            }

            return rows.Answer();
        }
        finally
        {
            rows.Dispose();
        }
    }

    /// <safety>A byte that is no digit ends the number.</safety>
    private static unsafe int Number(ref byte* next)
    {
        int number = 0;
        while (*next >= '0')
        {
            number = (number * 10) + (*next++ - '0');
        }

        next++;
        return number;
    }
}
