using System.Buffers;

namespace Programs.Kmers;

/// <summary>A table in an array of the shared pool.</summary>
internal static class PooledKmers
{
    public static string Run(ReadOnlySpan<byte> input)
    {
        int length = Table.FirstLength;
        Entry[] table = Rent(length);
        uint kmer = 0;
        int count = 0;
        for (int i = 0; i < input.Length; i++)
        {
            kmer = Kmer.Next(kmer, input[i]);
            if (i < Kmer.Length - 1 || !Table.Count(table.AsSpan(0, length), kmer) || !Table.IsFull(++count, length))
            {
                continue;
            }

            Entry[] larger = Rent(length * 2);
            Table.Move(table.AsSpan(0, length), larger.AsSpan(0, length * 2));
            ArrayPool<Entry>.Shared.Return(table);
            table = larger;
            length *= 2;
        }

        string answer = Table.Answer(table.AsSpan(0, length));
        ArrayPool<Entry>.Shared.Return(table);
        return answer;
    }

    private static Entry[] Rent(int length)
    {
        Entry[] table = ArrayPool<Entry>.Shared.Rent(length);
        table.AsSpan(0, length).Clear();
        return table;
    }
}
