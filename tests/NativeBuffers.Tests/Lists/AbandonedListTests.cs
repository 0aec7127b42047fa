using System.Buffers;
using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Allocators;
using NativeBuffers.Tests.Contracts;
using NativeBuffers.Tests.Lifetimes;

namespace NativeBuffers.Tests.Collections;

/// <summary>Lists that nobody disposed are freed once nobody can reach them, and counted.</summary>
[Collection(ProcessWide.Name)]
public class AbandonedListTests
{
    [Theory]
    [InlineData("Made")]
    [InlineData("Grown")]
    [InlineData("Borrowed")]
    [InlineData("Pinned")]
    [InlineData("Other thread")]
    [InlineData("Grown by another thread")]
    [InlineData("Owner")]
    public void A_forgotten_list_is_freed_and_counted(string way)
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new WatchingAllocator();
        for (int i = 0; i < 10; i++)
        {
            Forget(way, allocator);
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0), $"{allocator.LiveBlocks} blocks are still there.");
        allocator.AssertAllFreed();
        Assert.Equal(before + 10, NativeMemoryTracker.AbandonedCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    [InlineData(9_000_000)]
    public void Forgotten_lists_of_the_default_allocator_are_counted(int count)
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        for (int i = 0; i < 5; i++)
        {
            Forget(count);
        }

        Assert.True(Collector.Until(() => NativeMemoryTracker.AbandonedCount == before + 5));
        Collector.Settle();
        Assert.Equal(before + 5, NativeMemoryTracker.AbandonedCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(int count)
        {
            var list = new NativeList<int> { 1 };
            list.Resize(count);
        }
    }

    [Fact]
    public void A_list_that_was_disposed_or_handed_over_is_not_counted()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new WatchingAllocator();
        UseWell(allocator);
        UseWell(null);
        Collector.Settle();
        allocator.AssertAllFreed();
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void UseWell(NativeAllocator? allocator)
        {
            for (int i = 0; i < 10; i++)
            {
                new NativeList<int>(5, allocator).Dispose();
                var list = new NativeList<int>(5, allocator);
                list.Resize(1000);
                list.ToOwner().Dispose();
            }
        }
    }

    [Fact]
    public void What_a_sequence_an_enumerator_or_a_memory_can_reach_is_not_forgotten()
    {
        var allocator = new WatchingAllocator();
        ReadOnlySequence<int> sequence = Make(allocator).AsReadOnlySequence();
        NativeListEnumerator<int> enumerator = Make(allocator).GetEnumerator();
        Memory<int> memory = Make(allocator).GetMemory();
        Collector.Settle();
        Assert.Equal(3, allocator.LiveBlocks);
        Assert.Equal([1, 2, 3], sequence.ToArray());
        Assert.True(enumerator.MoveNext());
        memory.Span[0] = 7;

        [MethodImpl(MethodImplOptions.NoInlining)]
        static NativeList<int> Make(NativeAllocator allocator) => new(10, allocator) { 1, 2, 3 };
    }

    [Fact]
    public void A_forgotten_list_that_is_borrowed_is_freed_when_the_borrow_ends()
    {
        var allocator = new WatchingAllocator();
        using (Borrow<int> borrow = BorrowOfForgotten(allocator))
        {
            Collector.Settle();
            Assert.Equal(1, allocator.LiveBlocks);
            Assert.Equal([1, 2, 3], borrow.Span.ToArray());
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Borrow<int> BorrowOfForgotten(WatchingAllocator allocator) => new NativeList<int>(3, allocator) { 1, 2, 3 }.Borrow();
    }

    [Fact]
    public void The_elements_of_a_list_that_is_used_for_the_last_time_are_not_taken_away_meanwhile()
    {
        var allocator = new WatchingAllocator();
        using var isOver = new ManualResetEventSlim();
        OtherThread.Together(
            () =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    UseLast(allocator);
                }

                isOver.Set();
            },
            () =>
            {
                while (!isOver.IsSet)
                {
                    GC.Collect(0);
                    GC.WaitForPendingFinalizers();
                }
            });
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void UseLast(NativeAllocator allocator)
        {
            var list = new NativeList<int>(64, allocator);
            for (int i = 0; i < 64; i++)
            {
                list.Add(i);
            }

            Assert.Equal(63, list[63]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(string way, WatchingAllocator allocator)
    {
        var list = new NativeList<int>(4, allocator) { 1, 2, 3 };
        switch (way)
        {
            case "Grown":
                list.Resize(1000);
                break;
            case "Borrowed":
                list.Borrow().Dispose();
                break;
            case "Pinned":
                list.AsReadOnlySequence().First.Pin().Dispose();
                break;
            case "Other thread":
                OtherThread.Run(() => list.Add(4));
                break;
            case "Grown by another thread":
                OtherThread.Run(() => list.Resize(1000));
                break;
            case "Owner":
                _ = list.ToOwner();
                break;
        }
    }
}
