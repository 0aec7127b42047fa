using System.Collections.Concurrent;

namespace NativeBuffers.Tests.Diagnostics.Tracking;

/// <summary>Several threads work at once; when they have ended, the figures are exact.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class TrackingStressTests
{
    private const int ThreadCount = 4;
    private const int Steps = 30_000;

    [Fact]
    public void Bare_blocks_that_are_allocated_resized_freed_and_handed_over_are_counted_exactly()
    {
        Collector.Settle();
        NativeAllocator allocator = NativeAllocator.Malloc.WithTracking();
        NativeMemorySnapshot before = NativeMemoryTracker.TakeSnapshot();
        ConcurrentBag<(nint Start, nuint ByteCount)> left = [];
        ConcurrentQueue<(nint Start, nuint ByteCount)> handedOver = [];
        OnThreads(seed =>
        {
            var random = new Random(seed);
            List<(nint Start, nuint ByteCount)> mine = [];
            for (int i = 0; i < Steps; i++)
            {
                unsafe
                {
                    // SAFETY: each block is in one list or queue, and the thread that takes it out frees it.
                    nuint byteCount = (nuint)random.Next(1, 300);
                    switch (random.Next(4))
                    {
                        case 0 when mine is not []:
                            allocator.Free((void*)mine[^1].Start, mine[^1].ByteCount);
                            mine.RemoveAt(mine.Count - 1);
                            break;
                        case 1 when mine is not []:
                            mine[^1] = ((nint)allocator.Resize((void*)mine[^1].Start, mine[^1].ByteCount, byteCount), byteCount);
                            break;
                        case 2 when mine is not []:
                            handedOver.Enqueue(mine[^1]);
                            mine.RemoveAt(mine.Count - 1);
                            if (handedOver.TryDequeue(out (nint Start, nuint ByteCount) taken))
                            {
                                allocator.Free((void*)taken.Start, taken.ByteCount);
                            }

                            break;
                        default:
                            mine.Add(((nint)allocator.Allocate(byteCount), byteCount));
                            break;
                    }
                }
            }

            mine.ForEach(left.Add);
        });

        List<(nint Start, nuint ByteCount)> alive = [.. left, .. handedOver];
        Assert.NotEmpty(alive);
        NativeMemoryDifference difference = NativeMemoryTracker.TakeSnapshot().CompareTo(before);
        Assert.Equal(alive.Count, difference.LiveBlocks);
        Assert.Equal(alive.Sum(static block => (long)block.ByteCount), difference.LiveBytes);
        Assert.Equal(difference.LiveBytes, NativeMemoryTracker.LiveBytes - before.LiveBytes);
        foreach ((nint start, nuint byteCount) in alive)
        {
            unsafe
            {
                // SAFETY: only this thread has the block.
                allocator.Free((void*)start, byteCount);
            }
        }

        Assert.Equal(before.LiveBytes, NativeMemoryTracker.LiveBytes);
        Assert.Equal(before.LiveBlocks, NativeMemoryTracker.LiveBlocks);
    }

    [Fact]
    public void Owners_that_change_hands_are_counted_exactly()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.LiveBlocks;
        NativeAllocator allocator = NativeAllocator.Malloc.WithTracking();
        ConcurrentQueue<NativeMemoryOwner<int>> queue = [];
        OnThreads(seed =>
        {
            var random = new Random(seed);
            for (int i = 0; i < Steps / 10; i++)
            {
                NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(random.Next(1, 100), allocator);
                if (random.Next(2) == 0)
                {
                    owner.Resize(random.Next(1, 200));
                }

                queue.Enqueue(owner);
                if (random.Next(8) != 0 && queue.TryDequeue(out NativeMemoryOwner<int>? other))
                {
                    other.Dispose();
                }
            }
        });

        Assert.NotEmpty(queue);
        Assert.Equal(before + queue.Count, NativeMemoryTracker.LiveBlocks);
        foreach (NativeMemoryOwner<int> owner in queue)
        {
            owner.Dispose();
        }

        Assert.Equal(before, NativeMemoryTracker.LiveBlocks);
    }

    [Fact]
    public void A_resize_that_is_refused_changes_nothing()
    {
        Needs.BareBlocks();
        Collector.Settle();
        NativeAllocator allocator = new RefusingResizes().WithTracking();
        long before = NativeMemoryTracker.LiveBytes;
        unsafe
        {
            // SAFETY: the block is freed once, with its size.
            void* block = allocator.Allocate(100);
            Assert.True(allocator.TryResize(block, 100, 200) == null);
            Assert.Equal(before + 100, NativeMemoryTracker.LiveBytes);
            allocator.Free(block, 100);
        }

        Assert.Equal(before, NativeMemoryTracker.LiveBytes);
    }

    private static void OnThreads(Action<int> work)
    {
        Thread[] threads = [.. Enumerable.Range(0, ThreadCount).Select(seed => new Thread(() => work(seed)))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
    }

    private sealed class RefusingResizes() : NativeAllocator("Refusing")
    {
        protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
            Malloc.TryAllocate(byteCount, alignment, zeroed);

        protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) => null;

        protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => Malloc.Free(block, byteCount, alignment);
    }
}
