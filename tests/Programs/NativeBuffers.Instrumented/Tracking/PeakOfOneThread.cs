namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Says by how much the peak grew with each owner. Only one thread has anything tracked here.</summary>
internal static class PeakOfOneThread
{
    private static long s_said;

    public static void Run(string[] arguments)
    {
        NativeAllocator allocator = NativeAllocator.Malloc.WithTracking();
        foreach (long length in (long[])[1, 100_000, 5_000_000_000])
        {
            using (NativeMemoryOwner<byte>.Create(length, allocator))
            {
                Say();
            }

            using (NativeMemoryOwner<byte>.Create(length, allocator))
            {
                Say();
                using (NativeMemoryOwner<byte>.Create(123, allocator))
                {
                    Say();
                }

                Say();
            }
        }
    }

    private static void Say()
    {
        Console.WriteLine(NativeMemoryTracker.PeakBytes - s_said);
        s_said = NativeMemoryTracker.PeakBytes;
    }
}
