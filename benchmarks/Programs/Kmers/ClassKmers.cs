using System.Text;

namespace Programs.Kmers;

/// <summary>A dictionary whose keys are strings.</summary>
internal static class ClassKmers
{
    public static string Run(byte[] input)
    {
        string bases = Encoding.ASCII.GetString(input);
        var counts = new Dictionary<string, int>();
        for (int i = 0; i + Kmer.Length <= bases.Length; i++)
        {
            string kmer = bases.Substring(i, Kmer.Length);
            counts[kmer] = counts.GetValueOrDefault(kmer) + 1;
        }

        ulong sum = 0;
        foreach ((string bits, int count) in counts)
        {
            sum += (ulong)bits.Aggregate(0U, static (kmer, letter) => Kmer.Next(kmer, (byte)letter)) * (uint)count;
        }

        return Kmer.Answer(counts.Count, counts.Count == 0 ? 0 : counts.Values.Max(), sum);
    }
}
