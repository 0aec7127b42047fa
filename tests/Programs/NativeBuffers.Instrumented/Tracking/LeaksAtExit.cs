namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Ends while some owners are alive, or none.</summary>
internal static class LeaksAtExit
{
    private static readonly List<IDisposable> s_kept = [];

    public static void Run(string[] arguments)
    {
        using var disposed = NativeMemoryOwner<long>.Create(1000);
        if (arguments is ["none"])
        {
            return;
        }

        s_kept.Add(NativeMemoryOwner<int>.Create(25));
        s_kept.Add(new NativeList<short>(50));
        Console.WriteLine(NativeMemoryTracker.Mode);
    }
}
