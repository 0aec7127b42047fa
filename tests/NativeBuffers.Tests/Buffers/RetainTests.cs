using System.Buffers;

namespace NativeBuffers.Tests.Buffers;

[CorrectProgram]
public class RetainTests
{
    private readonly RecordingAllocator _allocator = new();

    [Fact]
    public void Retained_memory_outlives_the_disposal_of_its_owner()
    {
        var owner = NativeMemoryOwner<int>.Create(100, _allocator);
        IMemoryOwner<int> kept = owner.Retain();
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
        kept.Memory.Span.Fill(7);
        Assert.Equal(100, kept.Memory.Length);
        Assert.Equal(700, Sum(kept.Memory.Span));
        Assert.Equal(1, _allocator.LiveBlocks);
        kept.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void After_its_end_nothing_of_it_works_and_a_second_end_does_nothing()
    {
        using var owner = NativeMemoryOwner<int>.Create(10, _allocator);
        IMemoryOwner<int> kept = owner.Retain();
        IMemoryOwner<int> other = owner.Retain();
        Memory<int> memory = kept.Memory;
        kept.Dispose();
        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kept.Memory);
        Assert.Throws<ObjectDisposedException>(() => memory.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        owner.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        other.Memory.Span[9] = 1;
        other.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_pin_of_retained_memory_keeps_it_also_after_owner_and_retainer_have_ended()
    {
        var owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], _allocator);
        IMemoryOwner<int> kept = owner.Retain();
        owner.Dispose();
        MemoryHandle pin = kept.Memory.Pin();
        kept.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        unsafe
        {
            Assert.Equal(3, ((int*)pin.Pointer)[2]);
        }

        pin.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void While_it_is_retained_an_owner_is_not_resized_released_or_moved()
    {
        using var owner = NativeMemoryOwner<int>.Create(10, _allocator);
        using (owner.Retain())
        {
            Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
            Assert.Throws<InvalidOperationException>(() => owner.Move());
        }

        owner.Resize(20);
        Assert.Equal(20, owner.Length);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 11)]
    [InlineData(11, 0)]
    [InlineData(5, 6)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, 1)]
    public void A_range_outside_is_refused_and_nothing_is_kept(long start, int length)
    {
        var owner = NativeMemoryOwner<int>.Create(10, _allocator);
        Assert.Throws<ArgumentOutOfRangeException>(() => owner.Retain(start, length));
        owner.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_part_can_be_retained()
    {
        using var owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3, 4, 5], _allocator);
        using IMemoryOwner<int> kept = owner.Retain(1, 3);
        Assert.Equal([2, 3, 4], kept.Memory.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => kept.Memory.Span[3..5].Length);
    }

    [Fact]
    public void Of_more_elements_than_memory_can_have_only_a_part_can_be_retained()
    {
        using var owner = NativeMemoryOwner<byte>.Create(3L << 30, NativeAllocator.Pages);
        Assert.Throws<InvalidOperationException>(owner.Retain);
        using IMemoryOwner<byte> end = owner.Retain((3L << 30) - 2, 2);
        end.Memory.Span[1] = 9;
        using Borrow<byte> borrow = owner.Borrow();
        Assert.Equal(9, borrow[^1]);
    }

    [Fact]
    public void A_disposed_owner_and_a_returned_buffer_cannot_be_retained_any_more()
    {
        var owner = NativeMemoryOwner<int>.Create(10, _allocator);
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(owner.Retain);
        PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(10);
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Retain());
    }

    [Fact]
    public void A_retained_buffer_goes_to_no_other_renter()
    {
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = _allocator });
        PooledBuffer<byte> buffer = pool.RentBuffer(1000);
        IMemoryOwner<byte> kept = buffer.Retain();
        kept.Memory.Span.Fill(1);
        buffer.Dispose();
        for (int i = 0; i < 10; i++)
        {
            using PooledBuffer<byte> other = pool.RentBuffer(1000);
            other.AsSpan().Fill(2);
        }

        Assert.Equal(-1, kept.Memory.Span.IndexOfAnyExcept((byte)1));
        kept.Dispose();
        Assert.True(pool.CachedBytes >= 2000);
    }

    [Fact]
    public void The_default_buffer_retains_nothing()
    {
        using IMemoryOwner<byte> kept = default(PooledBuffer<byte>).Retain();
        Assert.True(kept.Memory.IsEmpty);
    }

    [Fact]
    public void Unpinning_the_owner_ends_a_pin_and_nothing_that_is_retained()
    {
        var owner = NativeMemoryOwner<int>.Create(10, _allocator);
        MemoryHandle pin = owner.Pin();
        IMemoryOwner<int> kept = owner.Retain();
        owner.Unpin();
        owner.Unpin();
        owner.Dispose();
        pin.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        kept.Memory.Span[0] = 1;
        kept.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    private static int Sum(ReadOnlySpan<int> values)
    {
        int sum = 0;
        foreach (int value in values)
        {
            sum += value;
        }

        return sum;
    }
}
