using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Blocks.Cache.Trimming;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>A thread keeps slots for its next blocks of chosen allocators.</summary>
[Collection(ProcessWide.Name)]
public class KeptSlotTests
{
    [Fact]
    public void A_forgotten_allocator_is_collected_once_it_has_no_block()
    {
        WeakReference allocator = UseAndForget();
        Assert.True(Collector.Until(() => !allocator.IsAlive));
    }

    [Fact]
    public void An_allocator_lives_as_long_as_a_block_of_it()
    {
        (WeakReference allocator, NativeMemoryOwner<byte> owner) = OwnAndForget();
        Collector.Settle();
        Assert.True(allocator.IsAlive);
        owner.Dispose();
        Assert.True(Collector.Until(() => !allocator.IsAlive));
    }

    [Fact]
    public void Blocks_of_two_allocators_on_one_thread_are_freed_by_their_own()
    {
        var first = new CountingAllocator();
        var second = new CountingAllocator();
        for (int round = 0; round < 3; round++)
        {
            Nest(40, first, second);
        }

        Assert.Equal((60, 60), (first.Allocations, first.Frees));
        Assert.Equal((60, 60), (second.Allocations, second.Frees));
    }

    [Fact]
    public void An_allocator_that_uses_buffers_itself_gets_slots_of_its_own()
    {
        var inner = new CountingAllocator();
        void UseScratch() => Nest(3, inner, inner);
        var busy = new CallingAllocator(beforeAllocate: UseScratch, beforeFree: UseScratch);
        for (int i = 0; i < 5; i++)
        {
            using var buffer = NativeBuffer.Create<int>(8, busy);
            buffer[0] = i;
            using var other = NativeBuffer.Create<int>(8, inner);
            Assert.Equal((i, 0), (buffer[0], other[0]));
        }

        Assert.Equal(inner.Allocations, inner.Frees);
    }

    [Fact]
    public void After_an_exception_of_the_allocator_the_next_buffer_works()
    {
        var custom = new CustomAllocator();
        Use(custom);
        custom.Thrown = new InvalidOperationException();
        _ = Assert.Throws<InvalidOperationException>(() => Use(custom));
        _ = Assert.Throws<InvalidOperationException>(() => Use(custom));
        custom.Thrown = null;
        Use(custom);
        Assert.Equal(0, custom.LiveBlocks);
    }

    [Fact]
    public void Exhausted_memory_is_asked_for_once()
    {
        var counting = new CountingAllocator();
        Use(counting);
        counting.Refuses = true;
        _ = Assert.Throws<OutOfMemoryException>(() => Use(counting));
        counting.Refuses = false;
        Use(counting);
        Assert.Equal((2, 2), (counting.Allocations, counting.Frees));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
    public void A_second_disposal_of_a_copy_frees_nothing()
    {
        var counting = new CountingAllocator();
        Use(counting);
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(8, counting);
        NativeBuffer<int> copy = buffer;
        buffer.Dispose();
        using NativeBuffer<int> next = NativeBuffer.Create<int>(8, counting);
        copy.Dispose();
        Assert.Equal((3, 2), (counting.Allocations, counting.Frees));
    }

    [Fact]
    public void The_slots_that_an_ended_thread_has_kept_are_no_abandoned_buffers()
    {
        EndedThreads.Reclaim();
        long before = EndedThreads.AbandonedCount;
        var counting = new CountingAllocator();
        OtherThread.Run(() => Nest(20, counting, NativeAllocator.Malloc));
        EndedThreads.Reclaim();
        Assert.Equal(before, EndedThreads.AbandonedCount);
        Assert.Equal(10, counting.Frees);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAndForget()
    {
        var counting = new CountingAllocator();
        Use(counting);
        Use(counting);
        using (NativeMemoryOwner<byte>.Create(64, counting))
        {
        }

        return new WeakReference(counting);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Allocator, NativeMemoryOwner<byte> Owner) OwnAndForget()
    {
        var counting = new CountingAllocator();
        Use(counting);
        return (new WeakReference(counting), NativeMemoryOwner<byte>.Create(64, counting));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(NativeAllocator allocator)
    {
        using var buffer = NativeBuffer.Create<int>(8, allocator);
        buffer[0] = 1;
    }

    private static void Nest(int depth, NativeAllocator allocator, NativeAllocator next)
    {
        if (depth > 0)
        {
            using var buffer = NativeBuffer.Create<int>(8, allocator);
            buffer[0] = depth;
            Nest(depth - 1, next, allocator);
            Assert.Equal(depth, buffer[0]);
        }
    }
}
