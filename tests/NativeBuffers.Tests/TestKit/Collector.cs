using System.Diagnostics;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Collects garbage until something has come of it.</summary>
internal static class Collector
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Collects until the condition holds, but not for ever.</summary>
    /// <returns>Whether it holds.</returns>
    public static bool Until(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        for (int i = 0; !condition(); i++)
        {
            if (i >= 30)
            {
                // Another thread has yet to do its part, if the machine is busy.
                if (watch.Elapsed > s_patience)
                {
                    return false;
                }

                Thread.Sleep(10);
            }

            Collect();
        }

        return true;
    }

    /// <summary>Collects so often that all that was forgotten before is gone.</summary>
    public static void Settle()
    {
        // An owner is counted by the third collection: a finalizer of the test may make it reachable again in the first one,
        // and its cleaner notes the generation in the second. So after three collections without a count, none is left.
        for (int i = 0, calm = 0; i < 50 && calm < 3; i++)
        {
            long before = NativeMemoryTracker.AbandonedCount;
            Collect();
            calm = NativeMemoryTracker.AbandonedCount == before ? calm + 1 : 0;
        }
    }

    /// <summary>Collects once, and waits for the finalizers.</summary>
    public static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
