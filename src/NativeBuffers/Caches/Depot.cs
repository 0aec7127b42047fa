namespace NativeBuffers.Caches;

/// <summary>The process's store of free blocks: bundles that threads had too many of, for each size.</summary>
internal static class Depot
{
    private static readonly Shelf[] s_shelves = MakeShelves();

    /// <summary>What is stored, in bytes.</summary>
    public static long ByteCount => s_shelves.Sum(static shelf => shelf.ByteCount);

    /// <summary>The shelf of a size class.</summary>
    public static Shelf For(int sizeClass) => s_shelves[sizeClass];

    /// <summary>Frees everything that is stored.</summary>
    public static void Clear() => Trim(static shelf => shelf.BundleCount);

    /// <summary>Frees what was not needed since the last call.</summary>
    public static void TrimIdle() => Trim(static shelf => shelf.TakeIdleCount());

    private static void Trim(Func<Shelf, int> count)
    {
        foreach (Shelf shelf in s_shelves)
        {
            for (int i = count(shelf); i > 0; i--)
            {
                shelf.FreeBundle();
            }
        }
    }

    /// <remarks>A query would load another library. A process that can open no file then could never allocate again.</remarks>
    private static Shelf[] MakeShelves()
    {
        var shelves = new Shelf[SizeClasses.Count];
        for (int i = 0; i < shelves.Length; i++)
        {
            shelves[i] = new Shelf(i);
        }

        return shelves;
    }
}
