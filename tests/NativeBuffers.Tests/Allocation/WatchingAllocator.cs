using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Allocators;

/// <summary>A user's own allocator that knows each of its blocks, and spoils what is freed: a use after it is seen.</summary>
public sealed class WatchingAllocator() : NativeAllocator("Watching")
{
    /// <summary>What every byte of a freed block was set to.</summary>
    public const byte Spoiled = 0xDD;

    private readonly ConcurrentDictionary<nint, nuint> _live = new();
    private readonly ConcurrentQueue<string> _mistakes = new();
    private long _freed;

    public int LiveBlocks => _live.Count;

    /// <summary>How many blocks were freed so far.</summary>
    public long FreedBlocks => Volatile.Read(ref _freed);

    /// <summary>Blocks that were freed twice, or with another size than they were allocated with.</summary>
    public IReadOnlyCollection<string> Mistakes => _mistakes;

    /// <summary>What the next allocations throw instead.</summary>
    public Exception? ThrownByAllocate { get; set; }

    /// <summary>What freeing throws when it is done.</summary>
    public Exception? ThrownByFree { get; set; }

    /// <summary>Whether allocations return null.</summary>
    public bool IsExhausted { get; set; }

    /// <summary>Whether the bytes are all in one block that is live.</summary>
    public bool IsLive(nint start, long byteCount) =>
        _live.Any(block => start >= block.Key && start + byteCount <= block.Key + (nint)block.Value);

    /// <summary>Asserts that everything was freed, once, and as what it was.</summary>
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

        if (IsExhausted || byteCount > 1u << 30)
        {
            return null;
        }

        void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
        new Span<byte>(block, (int)byteCount).Fill(zeroed ? (byte)0 : (byte)0xCC);
        _live[(nint)block] = byteCount;
        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!_live.TryRemove((nint)block, out nuint allocated))
        {
            _mistakes.Enqueue($"A block of {byteCount} bytes was freed that is not live.");
            return;
        }

        if (allocated != byteCount)
        {
            _mistakes.Enqueue($"A block of {allocated} bytes was freed as {byteCount}.");
        }

        new Span<byte>(block, (int)allocated).Fill(Spoiled);
        NativeMemory.AlignedFree(block);
        Interlocked.Increment(ref _freed);
        if (ThrownByFree is not null)
        {
            throw ThrownByFree;
        }
    }
}
