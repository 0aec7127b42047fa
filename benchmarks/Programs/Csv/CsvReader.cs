using Programs.Rows;

namespace Programs.Csv;

/// <summary>Reads lines of bytes without a copy, and keeps the rows as its type argument does.</summary>
internal static class CsvReader
{
    public static string Run<T>(ReadOnlySpan<byte> input)
        where T : IRows<T>, allows ref struct
    {
        T rows = T.Create();
        try
        {
            while (!input.IsEmpty)
            {
                ReadOnlySpan<byte> name = Field(ref input, (byte)',');
                int cents = (Number(Field(ref input, (byte)'.')) * 100) + Number(Field(ref input, (byte)','));
                rows.Add(name, cents, Number(Field(ref input, (byte)'\n')));
            }

            return rows.Answer();
        }
        finally
        {
            rows.Dispose();
        }
    }

    private static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> rest, byte end)
    {
        int length = rest.IndexOf(end);
        ReadOnlySpan<byte> field = rest[..length];
        rest = rest[(length + 1)..];
        return field;
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        int number = 0;
        foreach (byte digit in digits)
        {
            number = (number * 10) + (digit - '0');
        }

        return number;
    }
}
