using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A user's own allocator that knows each of its blocks, overwrites freed ones, and refuses or throws as a test needs it.</summary>
public sealed class RecordingAllocator() : NativeAllocator("Recording")
{
    /// <summary>Every byte of a freed block.</summary>
    public const byte Spoiled = 0xDD;

    private readonly ConcurrentDictionary<nint, (nuint ByteCount, nuint Alignment)> _live = new();
    private readonly ConcurrentQueue<string> _mistakes = new();
    private long _liveBytes;
    private long _freed;
    private long _all;

    public int LiveBlocks => _live.Count;

    public long LiveBytes => Volatile.Read(ref _liveBytes);

    public long FreedBlocks => Volatile.Read(ref _freed);

    /// <summary>The live and the freed ones.</summary>
    public long AllBlocks => Volatile.Read(ref _all);

    /// <summary>Frees that named no live block, or another size or alignment than the block was allocated with.</summary>
    public IReadOnlyCollection<string> Mistakes => _mistakes;

    /// <summary>The next allocations throw this exception.</summary>
    public Exception? ThrownByAllocate { get; set; }

    /// <summary>The next frees throw this exception after they have freed.</summary>
    public Exception? ThrownByFree { get; set; }

    /// <summary>Larger blocks are refused, in bytes.</summary>
    public nuint LargestBlock { get; set; } = 1u << 30;

    /// <summary>Allocations are refused after this number of blocks.</summary>
    public int BlocksLeft { get; set; } = int.MaxValue;

    /// <summary>How many allocations were refused.</summary>
    public int Refusals { get; private set; }

    /// <summary>Whether the bytes are all in one block that is live.</summary>
    public bool IsLive(nint start, long byteCount) =>
        _live.Any(block => start >= block.Key && start + byteCount <= block.Key + (nint)block.Value.ByteCount);

    /// <summary>Asserts that every block was freed once, with its size and alignment.</summary>
    public void AssertAllFreed()
    {
        Assert.Empty(_mistakes);
        Assert.Equal(0, LiveBlocks);
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (ThrownByAllocate is not null)
        {
            throw ThrownByAllocate;
        }

        if (BlocksLeft == 0 || byteCount > LargestBlock)
        {
            Refusals++;
            return null;
        }

        BlocksLeft--;
        void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
        if (zeroed)
        {
            NativeMemory.Clear(block, byteCount);
        }
        else
        {
            Fill(block, byteCount, 0xCC);
        }

        Interlocked.Increment(ref _all);
        Interlocked.Add(ref _liveBytes, (long)byteCount);
        if (!_live.TryAdd((nint)block, (byteCount, alignment)))
        {
            _mistakes.Enqueue($"A block of {byteCount} bytes was freed without its allocator.");
        }

        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        // Removed first: after the free, another thread's new block may have the same address.
        if (!_live.TryRemove((nint)block, out (nuint ByteCount, nuint Alignment) allocated))
        {
            _mistakes.Enqueue($"A block of {byteCount} bytes was freed that is not live.");
            return;
        }

        if (allocated != (byteCount, alignment))
        {
            _mistakes.Enqueue($"A block of {allocated} bytes and alignment was freed as {(byteCount, alignment)}.");
        }

        Fill(block, allocated.ByteCount, Spoiled);
        NativeMemory.AlignedFree(block);
        Interlocked.Add(ref _liveBytes, -(long)allocated.ByteCount);
        Interlocked.Increment(ref _freed);
        if (ThrownByFree is not null)
        {
            throw ThrownByFree;
        }
    }

    /// <summary>Not for huge blocks, whose pages the tests do not touch.</summary>
    private static unsafe void Fill(void* block, nuint byteCount, byte value)
    {
        if (byteCount <= 1u << 30)
        {
            NativeMemory.Fill(block, byteCount, value);
        }
    }
}
