using System.Runtime.InteropServices;

namespace Programs.Kmers;

/// <summary>A table at a raw pointer.</summary>
internal static class RawKmers
{
    public static unsafe string Run(byte[] input)
    {
        int length = Table.FirstLength;
        var table = (Entry*)NativeMemory.AllocZeroed((nuint)length, (nuint)sizeof(Entry));
        try
        {
            uint kmer = 0;
            int count = 0;
            for (int i = 0; i < input.Length; i++)
            {
                kmer = Kmer.Next(kmer, input[i]);
                if (i < Kmer.Length - 1)
                {
                    continue;
                }

                // SAFETY: the table has length entries, a power of two, and at least one of them is free.
                int place = Kmer.Place(kmer, length);
                while (table[place].Count != 0 && table[place].Kmer != kmer)
                {
                    place = (place + 1) & (length - 1);
                }

                table[place].Kmer = kmer;
                if (table[place].Count++ == 0 && Table.IsFull(++count, length))
                {
                    var larger = (Entry*)NativeMemory.AllocZeroed((nuint)length * 2, (nuint)sizeof(Entry));
                    Table.Move(new ReadOnlySpan<Entry>(table, length), new Span<Entry>(larger, length * 2));
                    NativeMemory.Free(table);
                    table = larger;
                    length *= 2;
                }
            }

            return Table.Answer(new ReadOnlySpan<Entry>(table, length));
        }
        finally
        {
            NativeMemory.Free(table);
        }
    }
}
