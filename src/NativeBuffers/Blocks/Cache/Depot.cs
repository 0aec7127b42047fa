namespace NativeBuffers.Blocks.Cache;

/// <summary>The process's store of free blocks: magazines that threads had too many of, for each size.</summary>
internal static class Depot
{
    private static readonly DepotBin[] s_shelves = MakeShelves();

    /// <summary>What is stored, in bytes.</summary>
    public static long ByteCount => s_shelves.Sum(static depotBin => depotBin.ByteCount);

    /// <summary>The depotBin of a size class.</summary>
    public static DepotBin For(int sizeClass) => s_shelves[sizeClass];

    /// <summary>Frees everything that is stored.</summary>
    public static void Clear() => Trim(static depotBin => depotBin.MagazineCount);

    /// <summary>Frees what was not needed since the last call.</summary>
    public static void TrimIdle() => Trim(static depotBin => depotBin.TakeIdleCount());

    private static void Trim(Func<DepotBin, int> count)
    {
        foreach (DepotBin depotBin in s_shelves)
        {
            for (int i = count(depotBin); i > 0; i--)
            {
                depotBin.FreeMagazine();
            }
        }
    }

    /// <remarks>A query would load another library. A process that can open no file then could never allocate again.</remarks>
    private static DepotBin[] MakeShelves()
    {
        var shelves = new DepotBin[SizeClasses.Count];
        for (int i = 0; i < shelves.Length; i++)
        {
            shelves[i] = new DepotBin(i);
        }

        return shelves;
    }
}
