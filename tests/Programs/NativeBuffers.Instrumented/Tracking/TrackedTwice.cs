namespace NativeBuffers.Instrumented.Tracking;

/// <summary>An allocator that the program has tracked itself, in a process that tracks all: each block counts once.</summary>
internal static class TrackedTwice
{
    public static void Run(string[] arguments)
    {
        _ = arguments;
        NativeAllocator tracked = NativeAllocator.Malloc.WithTracking();
        NativeAllocator limited = tracked.WithLimit(10_000);
        using var one = NativeMemoryOwner<byte>.Create(100, tracked);
        using var two = NativeMemoryOwner<byte>.Create(100, limited);
        Console.WriteLine(NativeMemoryTracker.LiveBlocks);
        unsafe
        {
            // SAFETY: freed once, with its size.
            void* bare = NativeAllocator.Default.Allocate(100);
            using (NativeMemoryOwner<byte> adopted = NativeMemoryOwner<byte>.Adopt((byte*)bare, 100, NativeAllocator.Default))
            {
                Console.WriteLine(NativeMemoryTracker.LiveBlocks);
            }

            Console.WriteLine(NativeMemoryTracker.LiveBlocks);
        }

        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = tracked });
        using PooledBuffer<byte> rented = pool.RentBuffer(100);
        Console.WriteLine(NativeMemoryTracker.LiveBlocks);
    }
}
