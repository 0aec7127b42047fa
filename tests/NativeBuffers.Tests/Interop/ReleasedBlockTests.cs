namespace NativeBuffers.Tests.Interop;

/// <summary>Owners that C frees by calling a function, and blocks that C's function frees.</summary>
[CorrectProgram]
public class ReleasedBlockTests
{
    private static int s_freed;

    public static TheoryData<NativeAllocator> Allocators =>
        [NativeAllocator.Default, NativeAllocator.Malloc, NativeAllocator.Pages, NativeAllocator.PinnedHeap, NativeAllocator.Aligned(256)];

    [Theory]
    [MemberData(nameof(Allocators))]
    public unsafe void The_function_frees_the_block_of_any_allocator_once(NativeAllocator source)
    {
        var allocator = new CountingAllocator(source);
        int* first = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator).Release(out delegate* unmanaged<void*, void> free);
        int* empty = NativeMemoryOwner<int>.Create(0, allocator).Release(out _);
        int* emptyToo = NativeMemoryOwner<int>.Create(0, allocator).Release(out _);
        Assert.True(new Span<int>(first, 3).SequenceEqual([1, 2, 3]));

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(new Span<int>(first, 3).SequenceEqual([1, 2, 3]));
        foreach (nint block in (nint[])[(nint)empty, (nint)first, (nint)emptyToo])
        {
            int before = allocator.Frees;
            free((void*)block);
            Assert.Equal(before + 1, allocator.Frees);
            free((void*)block);
            Assert.Equal(before + 1, allocator.Frees);
        }

        free(null);
    }

    [Fact]
    public unsafe void An_owner_in_use_is_not_released()
    {
        using var owner = NativeMemoryOwner<byte>.Create(10);
        using (owner.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => (nint)owner.Release(out _));
        }

        byte* block = owner.Release(out delegate* unmanaged<void*, void> free);
        Assert.Throws<ObjectDisposedException>(() => (nint)owner.Release(out _));
        free(block);
    }

    [Fact]
    public unsafe void An_allocator_that_only_frees_frees_an_adopted_block()
    {
        NativeAllocator allocator = NativeAllocator.FromFree("theirs", &CountAndFree);
        byte* block = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(10);
        s_freed = 0;
        var owner = NativeMemoryOwner<byte>.Adopt(block, 10, allocator);
        Assert.Throws<OutOfMemoryException>(() => owner.Resize(1000));
        Assert.Equal((10, 0), (owner.Length, s_freed));
        owner.Dispose();
        Assert.Equal(1, s_freed);
        Assert.Contains("theirs only frees", Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(10, allocator)).Message);
        Assert.False(NativeBuffer.TryCreate(10, out NativeBuffer<byte> none, allocator));
        none.Dispose();
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.FromFree("theirs", null));
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static unsafe void CountAndFree(void* block)
    {
        s_freed++;
        System.Runtime.InteropServices.NativeMemory.Free(block);
    }
}
