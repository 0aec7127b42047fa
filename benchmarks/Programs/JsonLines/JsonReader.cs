using System.Text.Json;
using Programs.Rows;

namespace Programs.JsonLines;

/// <summary>Reads the tokens of each line without a copy, and keeps the rows as its type argument does.</summary>
internal static class JsonReader
{
    public static string Run<T>(ReadOnlySpan<byte> input)
        where T : IRows<T>, allows ref struct
    {
        T rows = T.Create();
        try
        {
            while (!input.IsEmpty)
            {
                int length = input.IndexOf((byte)'\n');
                Add(ref rows, input[..length]);
                input = input[(length + 1)..];
            }

            return rows.Answer();
        }
        finally
        {
            rows.Dispose();
        }
    }

    private static void Add<T>(ref T rows, ReadOnlySpan<byte> line)
        where T : IRows<T>, allows ref struct
    {
        var reader = new Utf8JsonReader(line);
        ReadOnlySpan<byte> name = default;
        int cents = 0;
        int quantity = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                name = reader.ValueSpan;
            }
            else if (reader.ValueTextEquals("cents"u8))
            {
                reader.Read();
                cents = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("quantity"u8))
            {
                reader.Read();
                quantity = reader.GetInt32();
            }
        }

        rows.Add(name, cents, quantity);
    }
}
