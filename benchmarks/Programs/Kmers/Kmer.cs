using System.Globalization;

namespace Programs.Kmers;

/// <summary>A k-mer is a number: two bits for each base.</summary>
internal static class Kmer
{
    /// <summary>The number of bases.</summary>
    public const int Length = 12;

    private const uint Mask = (1U << (2 * Length)) - 1;

    /// <summary>Moves a k-mer on by one base.</summary>
    public static uint Next(uint kmer, byte letter) => ((kmer << 2) | (uint)((letter >> 1) & 3)) & Mask;

    /// <summary>The first place to look for a k-mer in a table, whose length is a power of two.</summary>
    public static int Place(uint kmer, int tableLength) => (int)((kmer * 2_654_435_769U) >> 7) & (tableLength - 1);

    /// <summary>The answer: the number of different k-mers, the highest count, and a sum that depends on all of them.</summary>
    public static string Answer(int different, int highest, ulong sum) =>
        string.Create(CultureInfo.InvariantCulture, $"{different} different, at most {highest} times, sum {sum}");
}
