using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Promises of single ways to create an owner, beyond the contract.</summary>
[CorrectProgram]
public class NativeMemoryOwnerTests
{
    [Fact]
    public void CreateFrom_copies_and_shares_nothing_with_its_source()
    {
        int[] source = [1, 2, 3];
        foreach (NativeAllocator? allocator in new[] { null, NativeAllocator.Malloc, new RecordingAllocator() })
        {
            using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom(source, allocator);
            Assert.False(owner.GetSpan().Overlaps(source));
            source[0] = 99;
            Assert.Equal([1, 2, 3], owner.Memory.ToArray());
            source[0] = 1;
            using NativeMemoryOwner<int> empty = NativeMemoryOwner<int>.CreateFrom([], allocator);
            Assert.Equal(0, empty.Length);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData((long.MaxValue / 24) + 1)]
    public void A_length_that_cannot_be_one_is_refused(long length)
    {
        foreach (NativeAllocator? allocator in new[] { null, NativeAllocator.Malloc, NativeAllocator.Pages })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<Wide>.Create(length, allocator));
            Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<Wide>.CreateUninitialized(length, allocator));
        }
    }

    [Fact]
    public void More_memory_than_there_is_is_refused()
    {
        foreach (NativeAllocator? allocator
            in new[] { null, NativeAllocator.Malloc, NativeAllocator.Pages, NativeAllocator.PinnedHeap, new RecordingAllocator() })
        {
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<Wide>.Create(1L << 50, allocator));
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<Wide>.CreateUninitialized(1L << 50, allocator));
        }
    }

    [Fact]
    public unsafe void Adopt_refuses_a_pointer_that_cannot_be_a_block()
    {
        int something = 0;
        int* pointer = &something;
        Assert.Throws<ArgumentNullException>(() => NativeMemoryOwner<int>.Adopt(null, 1, NativeAllocator.Malloc));
        Assert.Throws<ArgumentNullException>(() => NativeMemoryOwner<int>.Adopt((int*)1, 1, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<int>.Adopt((int*)1, -1, NativeAllocator.Malloc));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<int>.Adopt((int*)1, long.MaxValue, NativeAllocator.Malloc));
        Assert.True(pointer != null);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public unsafe void An_adopted_block_keeps_the_bytes_of_C_and_is_freed_once_with_its_size()
    {
        var allocator = new RecordingAllocator();
        int* block = (int*)allocator.AllocateUninitialized(12);
        block[0] = 1;
        block[1] = 2;
        block[2] = 3;
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Adopt(block, 3, allocator);
        Assert.Equal([1, 2, 3], owner.Memory.ToArray());
        Assert.Same(allocator, owner.Allocator);
        owner.Resize(5);
        Assert.Equal([1, 2, 3, 0, 0], owner.Memory.ToArray());
        owner.Dispose();
        owner.Dispose();
        allocator.AssertAllFreed();
        Assert.Equal(2, allocator.FreedBlocks);
    }

    [Fact]
    public unsafe void A_released_block_is_adopted_again()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> first = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
        using NativeMemoryOwner<int> second = NativeMemoryOwner<int>.Adopt(first.Release(), 3, allocator);
        first.Dispose();
        Assert.Equal([1, 2, 3], second.Memory.ToArray());
        Assert.Equal(1, allocator.LiveBlocks);
        second.Dispose();
        allocator.AssertAllFreed();
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0004", Justification = "Only the address is compared.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
    public void ToOwner_takes_the_block_itself_and_leaves_the_buffer_empty_and_its_copies_stale()
    {
        foreach (int length in new[] { 0, 10, 100_000 })
        {
            foreach (NativeAllocator? allocator in new[] { null, NativeAllocator.Malloc, NativeAllocator.Aligned(64) })
            {
                var buffer = NativeBuffer.Create<int>(length, allocator);
                NativeBuffer<int> copy = buffer;
                ref int first = ref MemoryMarshal.GetReference(buffer.AsSpan());
                using NativeMemoryOwner<int> owner = buffer.ToOwner();
                Assert.True(Unsafe.AreSame(ref first, ref MemoryMarshal.GetReference(owner.GetSpan())));
                Assert.True(buffer.IsEmpty);
                Assert.True(copy.IsDisposed);
                buffer.Dispose();
                copy.Dispose();
                Assert.Equal(length, owner.Length);
            }
        }
    }

    [Fact]
    public void ToOwner_of_a_disposed_buffer_is_refused_and_of_an_empty_one_is_an_empty_owner()
    {
        using NativeMemoryOwner<int> empty = default(NativeBuffer<int>).ToOwner();
        Assert.Equal(0, empty.Length);
        empty.Resize(3);
        Assert.Equal([0, 0, 0], empty.Memory.ToArray());
        Assert.Throws<ObjectDisposedException>(
            () =>
            {
                var buffer = NativeBuffer.Create<int>(3);
                buffer.Dispose();
                return buffer.ToOwner();
            });
    }

    [Fact]
    public void The_allocator_is_the_one_that_was_chosen()
    {
        var custom = new RecordingAllocator();
        foreach (NativeAllocator allocator in new[] { NativeAllocator.Malloc, NativeAllocator.Pages, NativeAllocator.Default, custom })
        {
            using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
            Assert.Same(allocator, owner.Allocator);
            owner.Resize(100_000);
            Assert.Same(allocator, owner.Allocator);
            using NativeMemoryOwner<int> moved = owner.Move();
            Assert.Same(allocator, moved.Allocator);
        }
    }

    [Fact]
    public void An_owner_whose_allocator_throws_or_refuses_leaves_nothing_allocated()
    {
        var allocator = new RecordingAllocator { ThrownByAllocate = new NotSupportedException() };
        Assert.Throws<NotSupportedException>(() => NativeMemoryOwner<int>.Create(10, allocator));
        allocator.ThrownByAllocate = null;
        allocator.BlocksLeft = 0;
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<int>.Create(10, allocator));
        allocator.BlocksLeft = int.MaxValue;
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
        allocator.ThrownByAllocate = new NotSupportedException();
        Assert.Throws<NotSupportedException>(() => owner.Resize(10));
        allocator.ThrownByAllocate = null;
        allocator.BlocksLeft = 0;
        Assert.Throws<OutOfMemoryException>(() => owner.Resize(10));
        Assert.Equal([1, 2, 3], owner.Memory.ToArray());
        owner.Dispose();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void The_messages_say_what_happened()
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(1);
        using (owner.Borrow())
        {
            Assert.Contains("borrowed", Assert.Throws<InvalidOperationException>(() => owner.Resize(2)).Message);
        }

        owner.Dispose();
        Assert.Contains("NativeMemoryOwner<Int32>", Assert.Throws<ObjectDisposedException>(() => owner.Memory).Message);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void An_object_that_no_constructor_has_seen_is_disposed_without_harm()
    {
        // As deserializers and mocks make them.
        var owner = (NativeMemoryOwner<int>)RuntimeHelpers.GetUninitializedObject(typeof(NativeMemoryOwner<int>));
        owner.Dispose();
        ((IDisposable)owner).Dispose();
        owner.Unpin();
    }

    [Fact]
    public void An_owner_is_an_object_of_48_bytes()
    {
        // The first one also makes what reflection keeps.
        _ = RuntimeHelpers.GetUninitializedObject(typeof(NativeMemoryOwner<byte>));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = RuntimeHelpers.GetUninitializedObject(typeof(NativeMemoryOwner<byte>));
        Assert.Equal(48, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_new_owner_of_the_memory_has_given_none_out()
    {
        NativeMemoryOwner<byte> first = NativeMemoryOwner<byte>.Create(100);
        Assert.Equal(100, first.Memory.Length);
        using NativeMemoryOwner<byte> second = first.Move();
        second.Resize(10);
        second.Pin().Dispose();
        Memory<byte> memory = second.Memory;
        second.Resize(5);
        Assert.Throws<InvalidOperationException>(() => second.Pin());
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Pin());
    }

    [StructLayout(LayoutKind.Sequential, Size = 24)]
    private struct Wide;
}
