namespace Programs.Kmers;

/// <summary>Makes a sequence of bases: copies of a few motifs, with mutations.</summary>
internal static class KmerInput
{
    private const int Motifs = 64;
    private const int MotifLength = 500;
    private const int OneMutationIn = 50;

    public static byte[] Make(int bases)
    {
        var random = new Random(3);
        byte[] motifs = random.GetItems("ACGT"u8, Motifs * MotifLength);
        byte[] sequence = new byte[bases];
        for (int start = 0; start < bases; start += MotifLength)
        {
            Span<byte> copy = sequence.AsSpan(start, int.Min(MotifLength, bases - start));
            motifs.AsSpan(random.Next(Motifs) * MotifLength, copy.Length).CopyTo(copy);
            for (int mutation = 0; mutation < copy.Length / OneMutationIn; mutation++)
            {
                copy[random.Next(copy.Length)] = "ACGT"u8[random.Next(4)];
            }
        }

        return sequence;
    }
}
