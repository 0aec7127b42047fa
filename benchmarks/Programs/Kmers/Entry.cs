namespace Programs.Kmers;

/// <summary>An entry of a table. Its count is 0 if the entry is free.</summary>
internal struct Entry
{
    public uint Kmer;
    public int Count;
}
