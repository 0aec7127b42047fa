using NativeBuffers;

namespace Programs.Kmers;

/// <summary>A table in a scoped buffer.</summary>
internal static class SafeKmers
{
    public static string Run(ReadOnlySpan<byte> input)
    {
        NativeBuffer<Entry> table = NativeBuffer.Create<Entry>(Table.FirstLength);
        try
        {
            uint kmer = 0;
            int count = 0;
            for (int i = 0; i < input.Length; i++)
            {
                kmer = Kmer.Next(kmer, input[i]);
                if (i < Kmer.Length - 1 || !Table.Count(table, kmer) || !Table.IsFull(++count, table.Length))
                {
                    continue;
                }

                NativeBuffer<Entry> larger = NativeBuffer.Create<Entry>(table.Length * 2);
                Table.Move(table, larger);
                table.Dispose();
                table = larger.Move();
            }

            return Table.Answer(table);
        }
        finally
        {
            table.Dispose();
        }
    }
}
