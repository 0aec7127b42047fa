namespace NativeBuffers.Tests.Handles;

/// <summary>Runs the finalizers of what nobody can reach.</summary>
internal static class Finalizers
{
    public static void Run() => RunUntil(static () => true);

    /// <summary>Again, a few times, until something has come true; the test then sees whether it has.</summary>
    public static void RunUntil(Func<bool> isDone)
    {
        int turn = 0;
        do
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        while (!isDone() && ++turn < 20);
    }
}
