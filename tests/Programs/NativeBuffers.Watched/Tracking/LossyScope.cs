namespace NativeBuffers.Watched.Tracking;

/// <summary>Loses something in a scope, and prints what that says.</summary>
internal static class LossyScope
{
    public static void Run(string[] arguments)
    {
        _ = arguments;
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        using var buffer = NativeBuffer.Create<short>(50);
        try
        {
            scope.Dispose();
        }
        catch (NativeMemoryLeakException found)
        {
            Console.WriteLine(found.Message);
        }
    }
}
