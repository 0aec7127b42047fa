namespace Programs.Kmers;

/// <summary>The steps of an open-addressing table in any memory.</summary>
internal static class Table
{
    public const int FirstLength = 1024;

    /// <summary>Whether a table should double.</summary>
    public static bool IsFull(int count, int length) => count > length / 2;

    /// <summary>Counts a k-mer once; true if it is new. The table has a free entry.</summary>
    public static bool Count(Span<Entry> table, uint kmer)
    {
        int place = Kmer.Place(kmer, table.Length);
        while (table[place].Count != 0 && table[place].Kmer != kmer)
        {
            place = (place + 1) & (table.Length - 1);
        }

        table[place].Kmer = kmer;
        return table[place].Count++ == 0;
    }

    /// <summary>Moves all entries to a larger table, which is empty.</summary>
    public static void Move(ReadOnlySpan<Entry> from, Span<Entry> to)
    {
        foreach (Entry entry in from)
        {
            if (entry.Count != 0)
            {
                int place = Kmer.Place(entry.Kmer, to.Length);
                while (to[place].Count != 0)
                {
                    place = (place + 1) & (to.Length - 1);
                }

                to[place] = entry;
            }
        }
    }

    public static string Answer(ReadOnlySpan<Entry> table)
    {
        int different = 0;
        int highest = 0;
        ulong sum = 0;
        foreach (Entry entry in table)
        {
            different += entry.Count == 0 ? 0 : 1;
            highest = int.Max(highest, entry.Count);
            sum += (ulong)entry.Kmer * (uint)entry.Count;
        }

        return Kmer.Answer(different, highest, sum);
    }
}
