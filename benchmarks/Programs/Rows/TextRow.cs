namespace Programs.Rows;

/// <summary>A row as an object, with its name as a string.</summary>
internal sealed record TextRow(string Name, int Cents, int Quantity)
{
    /// <summary>The answer for rows that are objects.</summary>
    public static string AnswerOf(List<TextRow> rows)
    {
        var tally = new Tally();
        foreach (TextRow row in rows)
        {
            tally.Count(row.Cents, row.Quantity);
        }

        foreach (TextRow row in rows)
        {
            if (tally.IsAbove(row.Cents))
            {
                tally.Note(System.Text.Encoding.UTF8.GetBytes(row.Name));
            }
        }

        return tally.ToString();
    }
}
