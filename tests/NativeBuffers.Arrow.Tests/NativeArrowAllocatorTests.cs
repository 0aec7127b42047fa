using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;

namespace NativeBuffers.Arrow.Tests;

public class NativeArrowAllocatorTests
{
    private static readonly int[] s_lengths = [1, 63, 64, 65, 1000, 8192, 8193, 100_000, 1 << 20];

    public static TheoryData<string> Sources => ["collector", "Default", "Malloc", "PinnedHeap", "Pages", "Aligned"];

    [Theory]
    [MemberData(nameof(Sources))]
    public void Blocks_are_zero_begin_at_multiples_of_64_and_overlap_no_other(string source)
    {
        NativeArrowAllocator allocator = AllocatorOf(source);
        IMemoryOwner<byte>[] blocks = [.. s_lengths.SelectMany(static length => Enumerable.Repeat(length, 10)).Select(allocator.Allocate)];
        for (int i = 0; i < blocks.Length; i++)
        {
            Span<byte> bytes = blocks[i].Memory.Span;
            Assert.Equal(s_lengths[i / 10], bytes.Length);
            Assert.Equal(0, AddressOf(bytes) % 64);
            Assert.False(bytes.ContainsAnyExcept((byte)0));
            bytes.Fill((byte)(i + 1));
        }

        for (int i = 0; i < blocks.Length; i++)
        {
            Assert.False(blocks[i].Memory.Span.ContainsAnyExcept((byte)(i + 1)));
            blocks[i].Dispose();
            blocks[i].Dispose();
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test reads a span after the disposal, which this memory allows.")]
    public void Memory_that_the_collector_keeps_is_read_after_the_disposal(int length)
    {
        IMemoryOwner<byte> block = new NativeArrowAllocator().Allocate(length);
        Span<byte> span = block.Memory.Span;
        span.Fill(7);
        block.Dispose();
        GC.Collect();
        Assert.False(span.ContainsAnyExcept((byte)7));
    }

    [Fact]
    public void A_span_whose_array_was_dropped_reads_the_same_as_before() =>
        Assert.Equal(0, Dropped.CountWrong(new NativeArrowAllocator(), 1000));

    [Fact]
    public void A_span_over_PinnedHeap_reads_the_same_as_before() =>
        Assert.Equal(0, Dropped.CountWrong(new NativeArrowAllocator(NativeAllocator.PinnedHeap), 200));

    /// <summary>The measure can fail: over other memory such a span finds what later arrays wrote.</summary>
    [Fact]
    public void A_span_over_native_memory_finds_the_elements_of_later_arrays()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("NATIVEBUFFERS_GUARD") is { Length: > 0 }, "The guard ends the process at this mistake.");
        Assert.InRange(Dropped.CountWrong(new NativeArrowAllocator(NativeAllocator.Default), 200), 100, 200);
    }

    [Fact]
    public void A_budget_counts_arrays_until_their_disposal_and_refuses()
    {
        using NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(100_000);
        var allocator = new NativeArrowAllocator(budget);
        Int64Array array = new Int64Array.Builder().AppendRange(Enumerable.Range(0, 5_000).Select(static i => (long)i)).Build(allocator);
        Assert.InRange(budget.UsedBytes, 40_000, 50_000);
        Assert.Throws<OutOfMemoryException>(() => allocator.Allocate(90_000));
        Assert.Equal(4_999, array.GetValue(4_999));
        array.Dispose();
        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void Guards_find_nothing_wrong_with_arrays()
    {
        long before = NativeMemoryGuard.ViolationCount;
        foreach (GuardMode mode in (GuardMode[])[GuardMode.Checked, GuardMode.Pages])
        {
            var allocator = new NativeArrowAllocator(NativeAllocator.Malloc.WithGuards(mode));
            for (int i = 1; i < 200; i++)
            {
                using StringArray strings = new StringArray.Builder().AppendRange(Enumerable.Repeat("guarded", i)).Append((string?)null).Build(allocator);
                Assert.Equal("guarded", strings.GetString(i - 1));
                Assert.True(strings.IsNull(i));
            }
        }

        NativeMemoryGuard.Check();
        Assert.Equal(before, NativeMemoryGuard.ViolationCount);
    }

    [Fact]
    public void Tracking_lists_the_arrays()
    {
        var allocator = new NativeArrowAllocator(NativeAllocator.Malloc.WithTracking());
        long before = NativeMemoryTracker.LiveBytes;
        using (allocator.Allocate(10_000_000))
        {
            Assert.True(NativeMemoryTracker.LiveBytes - before > 9_000_000);
        }
    }

    [Fact]
    public void Threads_have_chunks_of_their_own() =>
        Parallel.For(0, 8, thread =>
        {
            var allocator = new NativeArrowAllocator();
            IMemoryOwner<byte>[] blocks = [.. Enumerable.Range(1, 2_000).Select(i => allocator.Allocate(i % 300 + 1))];
            System.Array.ForEach(blocks, block => block.Memory.Span.Fill((byte)thread));
            Assert.DoesNotContain(blocks, block => block.Memory.Span.ContainsAnyExcept((byte)thread));
        });

    [Fact]
    public void A_chunk_is_freed_with_its_last_block()
    {
        var last = new IMemoryOwner<byte>?[1];
        WeakReference chunk = null!;
        // A new thread has no chunk yet, so no other test holds a block of this one.
        var thread = new Thread(() => chunk = Fill(last));
        thread.Start();
        thread.Join();
        GC.Collect();
        Assert.True(chunk.IsAlive);
        last[0] = null;
        for (int i = 0; i < 100 && chunk.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(chunk.IsAlive);
    }

    /// <summary>Takes all blocks of a chunk, and keeps one of them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Fill(IMemoryOwner<byte>?[] last)
    {
        var allocator = new NativeArrowAllocator();
        last[0] = allocator.Allocate(8192);
        Assert.True(MemoryMarshal.TryGetArray<byte>(last[0]!.Memory, out ArraySegment<byte> segment));
        for (int i = 0; i < 9; i++)
        {
            _ = allocator.Allocate(8192);
        }

        return new WeakReference(segment.Array);
    }

    private static NativeArrowAllocator AllocatorOf(string source) => new(source switch
    {
        "Default" => NativeAllocator.Default,
        "Malloc" => NativeAllocator.Malloc,
        "PinnedHeap" => NativeAllocator.PinnedHeap,
        "Pages" => NativeAllocator.Pages,
        "Aligned" => NativeAllocator.Aligned(128),
        _ => null,
    });

    private static unsafe nint AddressOf(Span<byte> bytes) => (nint)Unsafe.AsPointer(ref bytes[0]);
}
