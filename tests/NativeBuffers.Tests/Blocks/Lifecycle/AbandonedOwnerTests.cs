using System.Buffers;
using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Allocators;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Lifetimes;

/// <summary>What was forgotten is freed, once nobody can reach it: not before, whatever it was got by.</summary>
[Collection(ProcessWide.Name)]
public class AbandonedOwnerTests
{
    public static TheoryData<string> Ways =>
        ["Create", "CreateFrom", "ToOwner", "Move", "Adopt", "Rent", "RentBuffer", "Memory of a buffer", "Resized", "Borrowed", "Other thread"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_forgotten_owner_is_freed_and_counted(string way)
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
    public void Forgotten_owners_and_buffers_of_the_default_allocator_are_counted_and_their_blocks_used_again(int length)
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        for (int i = 0; i < 20; i++)
        {
            ForgetDefault(length);
        }

        Assert.True(Collector.Until(() => NativeMemoryTracker.AbandonedCount == before + 60));
        Collector.Settle();
        Assert.Equal(before + 60, NativeMemoryTracker.AbandonedCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void ForgetDefault(int length)
        {
            NativeMemoryOwner<int>.Create(length).GetSpan().Fill(1);
            NativeMemoryPool<int>.Shared.RentBuffer(length).AsSpan().Fill(1);
            NativeMemoryPool<int>.Shared.Rent(length).Memory.Span.Fill(1);
        }
    }

    [Fact]
    public void What_was_disposed_released_or_moved_is_not_counted()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new WatchingAllocator();
        for (int i = 0; i < 10; i++)
        {
            UseWell(allocator);
            UseWell(null);
        }

        Collector.Settle();
        allocator.AssertAllFreed();
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static unsafe void UseWell(NativeAllocator? allocator)
        {
            NativeMemoryOwner<int>.Create(10, allocator).Dispose();
            NativeMemoryOwner<int>.Create(10, allocator).Move().Dispose();
            (allocator ?? NativeAllocator.Default).Free(NativeMemoryOwner<int>.Create(10, allocator).Release(), 40);
            NativeMemoryPool<int>.Shared.RentBuffer(10).Dispose();
            NativeMemoryPool<int>.Shared.Rent(10).Dispose();
        }
    }

    [Fact]
    public void A_forgotten_owner_that_is_borrowed_is_freed_when_the_borrow_ends()
    {
        var allocator = new WatchingAllocator();
        using (Borrow<int> borrow = BorrowOfForgotten(allocator))
        {
            Collector.Settle();
            Assert.Equal(1, allocator.LiveBlocks);
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(7));
            borrow.Span.Fill(8);
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_forgotten_owner_with_a_forgotten_borrow_is_freed_only_after_the_borrowing_thread_has_ended()
    {
        var allocator = new WatchingAllocator();
        OtherThread.Run(
            () =>
            {
                Borrow<int> borrow = BorrowOfForgotten(allocator);
                Collector.Settle();
                Assert.Equal(1, allocator.LiveBlocks);
                Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(7));
            });
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [Fact]
    public unsafe void A_forgotten_owner_that_is_pinned_is_freed_when_the_pin_ends()
    {
        var allocator = new WatchingAllocator();
        MemoryHandle handle = PinOfForgotten(allocator);
        Collector.Settle();
        Assert.Equal(1, allocator.LiveBlocks);
        Assert.Equal(7, *(int*)handle.Pointer);
        handle.Dispose();
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [Fact]
    public unsafe void A_forgotten_pin_keeps_the_block()
    {
        // Native code may still have the address, so this is a leak and no mistake of the library.
        var allocator = new WatchingAllocator();
        int* pinned = ForgetPin(allocator);
        Collector.Settle();
        Assert.Equal(1, allocator.LiveBlocks);
        Assert.Equal(7, *pinned);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int* ForgetPin(WatchingAllocator allocator) => (int*)PinOfForgotten(allocator).Pointer;
    }

    [Fact]
    public void What_a_memory_or_a_copy_of_a_buffer_can_reach_is_not_forgotten()
    {
        var allocator = new WatchingAllocator();
        Memory<int> memory = MemoryOf(allocator);
        PooledBuffer<int> buffer = BufferOf(allocator);
        object boxed = BufferOf(allocator);
        Memory<int> memoryOfBuffer = BufferOf(allocator).Memory;
        Collector.Settle();
        Assert.Equal(4, allocator.LiveBlocks);
        Assert.Equal([7], memory[..1].ToArray());
        Assert.Equal([7], buffer.AsSpan()[..1].ToArray());
        Assert.Equal([7], memoryOfBuffer[..1].ToArray());
        buffer.Dispose();
        ((PooledBuffer<int>)boxed).Dispose();
        Assert.Equal(2, allocator.LiveBlocks);
        GC.KeepAlive(boxed);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Memory<int> MemoryOf(WatchingAllocator allocator)
        {
            NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
            owner.GetSpan().Fill(7);
            return owner.Memory;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<int> BufferOf(WatchingAllocator allocator)
        {
            PooledBuffer<int> buffer = PoolOver(allocator).RentBuffer(10);
            buffer.AsSpan().Fill(7);
            return buffer;
        }
    }

    [Fact]
    public void A_forgotten_pool_frees_what_it_keeps_but_not_what_is_rented()
    {
        var allocator = new WatchingAllocator();
        PooledBuffer<int> buffer = Use(allocator);
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 1));
        buffer.AsSpan().Fill(1);
        Collector.Settle();
        Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(1));
        buffer.Dispose();
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<int> Use(WatchingAllocator allocator)
        {
            NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
            PooledBuffer<int>[] buffers = [.. Enumerable.Range(0, 10).Select(_ => pool.RentBuffer(1000))];
            Array.ForEach(buffers, static buffer => buffer.Dispose());
            return pool.RentBuffer(1000);
        }
    }

    [Fact]
    public void A_forgotten_scoped_buffer_made_storable_and_forgotten_again_is_freed_after_its_thread_has_ended_too()
    {
        var allocator = new WatchingAllocator();
        OtherThread.Run(() => Forget("ToOwner", allocator));
        OtherThread.Run(() => Forget("RentBuffer", allocator));
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Borrow<int> BorrowOfForgotten(WatchingAllocator allocator)
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
        owner.GetSpan().Fill(7);
        return owner.Borrow();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MemoryHandle PinOfForgotten(WatchingAllocator allocator)
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
        owner.GetSpan().Fill(7);
        return owner.Pin();
    }

    private static NativeMemoryPool<int> PoolOver(WatchingAllocator allocator) =>
        new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 0 });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Forget(string way, WatchingAllocator allocator)
    {
        switch (way)
        {
            case "CreateFrom":
                _ = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
                break;
            case "ToOwner":
                _ = NativeBuffer.Create<int>(10, allocator).ToOwner();
                break;
            case "Move":
                _ = NativeMemoryOwner<int>.Create(10, allocator).Move();
                break;
            case "Adopt":
                _ = NativeMemoryOwner<int>.Adopt((int*)allocator.Allocate(40), 10, allocator);
                break;
            case "Rent":
                _ = PoolOver(allocator).Rent(10);
                break;
            case "RentBuffer":
                _ = PoolOver(allocator).RentBuffer(10);
                break;
            case "Memory of a buffer":
                _ = PoolOver(allocator).RentBuffer(10).Memory;
                break;
            case "Resized":
                NativeMemoryOwner<int>.Create(10, allocator).Resize(20);
                break;
            case "Borrowed":
                NativeMemoryOwner<int>.Create(10, allocator).Borrow().Dispose();
                break;
            case "Other thread":
                OtherThread.Run(() => NativeMemoryOwner<int>.Create(10, allocator).Borrow().Dispose());
                break;
            default:
                _ = NativeMemoryOwner<int>.Create(10, allocator);
                break;
        }
    }
}
