namespace NativeBuffers.Tests.TestKit;

/// <summary>Collects garbage until something has come of it.</summary>
internal static class Collector
{
    /// <summary>Collects until the condition holds, but not for ever.</summary>
    /// <returns>Whether it holds.</returns>
    public static bool Until(Func<bool> condition)
    {
        for (int i = 0; i < 30 && !condition(); i++)
        {
            Collect();
        }

        return condition();
    }

    /// <summary>Collects so often that whatever was forgotten before is gone.</summary>
    public static void Settle()
    {
        // A finalizer may make an object reachable again, which is found later then.
        for (int i = 0, calm = 0; i < 50 && calm < 5; i++)
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
