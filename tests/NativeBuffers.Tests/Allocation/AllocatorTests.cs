using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Regions;

namespace NativeBuffers.Tests.Allocation;

/// <summary>Promises of single allocators beyond the contract.</summary>
[Collection(ProcessWide.Name)]
public class AllocatorTests
{
    [Fact]
    [SuppressMessage("Ownership", "NB0007", Justification = "The test is that both functions know the block.")]
    public unsafe void Malloc_and_C_free_each_others_blocks()
    {
        void* block = NativeAllocator.Malloc.Allocate(100);
        NativeMemory.Free(block);
        void* fromC = NativeMemory.Alloc(100);
        NativeAllocator.Malloc.Free(fromC, 100);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0007", Justification = "The test is that both functions know the block.")]
    public unsafe void HGlobal_and_CoTaskMem_and_Marshal_free_each_others_blocks()
    {
        Marshal.FreeHGlobal((nint)NativeAllocator.HGlobal.Allocate(100));
        Marshal.FreeCoTaskMem((nint)NativeAllocator.CoTaskMem.Allocate(100));
        NativeAllocator.HGlobal.Free((void*)Marshal.AllocHGlobal(100), 100);
        NativeAllocator.CoTaskMem.Free((void*)Marshal.AllocCoTaskMem(100), 100);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-64)]
    [InlineData(48)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void An_alignment_is_a_power_of_two(int alignment) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeAllocator.Aligned(alignment));

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(4096)]
    [InlineData(1 << 21)]
    public unsafe void A_buffer_of_an_aligned_allocator_starts_at_the_alignment_also_after_growth(int alignment)
    {
        NativeAllocator allocator = NativeAllocator.Aligned(alignment);
        Assert.Same(allocator, NativeAllocator.Aligned(alignment));
        for (int length = 1; length < 600_000; length = (length * 3) + 1)
        {
            var buffer = NativeBuffer.CreateUninitialized<byte>(length, allocator);
            Assert.Equal(0u, (nuint)buffer.Pointer % (nuint)alignment);
            buffer.Resize(length * 5);
            Assert.Equal(0u, (nuint)buffer.Pointer % (nuint)alignment);
            buffer.Dispose();
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0010", Justification = "The test is about blocks without an owner.")]
    public unsafe void The_collector_counts_the_pinned_heap_and_keeps_its_blocks_until_they_are_freed()
    {
        Collector.Settle();
        long before = PinnedBytes();
        void* block = NativeAllocator.PinnedHeap.Allocate(50_000_000);
        Fill(block, 9);
        // Pinned blocks that earlier tests forgot may be freed at the same time.
        Assert.InRange(PinnedBytes() - before, 49_500_000, 50_100_000);
        Assert.True(Holds(block, 9));
        NativeAllocator.PinnedHeap.Free(block, 50_000_000);
        Assert.InRange(PinnedBytes() - before, -600_000, 100_000);

        // Spans of such a block keep it alive, so they stay in frames of their own.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fill(void* block, byte value) => new Span<byte>(block, 50_000_000).Fill(value);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static bool Holds(void* block, byte value) => new Span<byte>(block, 50_000_000).IndexOfAnyExcept(value) < 0;

        static long PinnedBytes()
        {
            GC.Collect();
            GCGenerationInfo pinned = GC.GetGCMemoryInfo(GCKind.FullBlocking).GenerationInfo[4];
            return pinned.SizeAfterBytes - pinned.FragmentationAfterBytes;
        }
    }

    [Fact]
    public unsafe void A_table_of_functions_needs_allocate_and_free()
    {
        delegate* unmanaged<nuint, void*> allocate = (delegate* unmanaged<nuint, void*>)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "malloc");
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.FromFunctions("x", null, null, null));
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.FromFunctions("x", allocate, null, null));
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.FromFunctions(null!, allocate, null, null));
    }

    [Fact]
    public unsafe void Functions_that_break_the_promise_of_alignment_are_refused()
    {
        NativeAllocator crooked = NativeAllocator.FromFunctions("crooked", &AllocateCrooked, null, &FreeCrooked);
        InvalidOperationException told = Assert.Throws<InvalidOperationException>(() => NativeBuffer.Create<byte>(10, crooked).Dispose());
        Assert.Contains("crooked", told.Message);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
    public void A_buffer_gives_its_block_back_to_the_allocator_it_came_from_once()
    {
        var allocator = new CustomAllocator();
        var buffer = NativeBuffer.Create<int>(100, allocator);
        NativeBuffer<int> copy = buffer;
        Assert.Equal(1, allocator.LiveBlocks);
        buffer.Resize(1000);
        Assert.Equal(1, allocator.LiveBlocks);
        NativeBuffer<int> moved = buffer.Move();
        buffer.Dispose();
        copy.Dispose();
        Assert.Equal(1, allocator.LiveBlocks);
        moved.Dispose();
        moved.Dispose();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Fact]
    public void An_allocators_exception_reaches_the_caller_and_nothing_is_lost()
    {
        var allocator = new CustomAllocator { Thrown = new NotSupportedException("not today") };
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<NotSupportedException>(() => NativeBuffer.Create<int>(100, allocator).Dispose());
        }

        allocator.Thrown = null;
        NativeBuffer.Create<int>(100, allocator).Dispose();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [UnmanagedCallersOnly]
    private static unsafe void* AllocateCrooked(nuint byteCount) => (byte*)NativeMemory.Alloc(byteCount + 8) + 8;

    [UnmanagedCallersOnly]
    private static unsafe void FreeCrooked(void* block) => NativeMemory.Free((byte*)block - 8);
}
