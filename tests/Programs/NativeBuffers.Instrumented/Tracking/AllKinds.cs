namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Prints a snapshot for each kind of owner while one is alive, and the number of blocks afterwards.</summary>
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
