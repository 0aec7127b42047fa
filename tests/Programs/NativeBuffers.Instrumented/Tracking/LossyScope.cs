namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Leaks blocks in a scope, and prints the scope's report.</summary>
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
