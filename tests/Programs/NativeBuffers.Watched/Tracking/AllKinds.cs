namespace NativeBuffers.Watched.Tracking;

/// <summary>Says of each kind of owner what a snapshot shows while one is alive, and how many blocks are left afterwards.</summary>
internal static class AllKinds
{
    public static void Run(string[] arguments)
    {
        _ = arguments;
        foreach ((string kind, Action<Action> make) in OwnerKinds.All)
        {
            NativeMemorySnapshot before = NativeMemoryTracker.TakeSnapshot();
            string shown = "";
            make(() =>
            {
                NativeMemoryDifference difference = NativeMemoryTracker.TakeSnapshot().CompareTo(before);
                shown = string.Join(", ", difference.Sites.Select(static site => $"{site.BlockCount} at {site.FilePath}:{site.Line}"));
            });
            Console.WriteLine($"{kind}: {shown}; left: {NativeMemoryTracker.LiveBlocks - before.LiveBlocks}");
        }
    }
}
