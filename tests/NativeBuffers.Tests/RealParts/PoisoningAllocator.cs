using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Overwrites what is freed, notes what it was, and counts: to see when a block is freed, and who writes to it later.</summary>
/// <param name="keepsFreed">Gives nothing back to the system before <see cref="Dispose"/>, so that a late write hits nobody.</param>
internal sealed class PoisoningAllocator(bool keepsFreed = false) : NativeAllocator("Poisoning"), IDisposable
{
    private const byte Poison = 0xDD;

    private readonly Lock _gate = new();
    private readonly List<(nint Start, nuint ByteCount)> _kept = [];
    private long _liveBlocks;
    private long _liveBytes;
    private long _mostBytes;
    private long _freedBlocks;

    public long LiveBlocks => Volatile.Read(ref _liveBlocks);

    public long LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>The most bytes that were live at once.</summary>
    public long MostBytes => Volatile.Read(ref _mostBytes);

    public long FreedBlocks => Volatile.Read(ref _freedBlocks);

    /// <summary>The first bytes of the block that was freed last, as they were just before.</summary>
    public byte[] LastFreed { get; private set; } = [];

    /// <summary>Whether all blocks that were freed still hold what was written there then.</summary>
    public unsafe bool IsFreedMemoryUntouched
    {
        get
        {
            lock (_gate)
            {
                return _kept.TrueForAll(block => new ReadOnlySpan<byte>((void*)block.Start, (int)block.ByteCount).IndexOfAnyExcept(Poison) < 0);
            }
        }
    }

    public unsafe void Dispose()
    {
        lock (_gate)
        {
            _kept.ForEach(block => NativeMemory.AlignedFree((void*)block.Start));
            _kept.Clear();
        }
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), alignment);
        if (zeroed)
        {
            NativeMemory.Clear(block, byteCount);
        }

        lock (_gate)
        {
            _liveBlocks++;
            _liveBytes += (long)byteCount;
            _mostBytes = long.Max(_mostBytes, _liveBytes);
        }

        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        var bytes = new Span<byte>(block, checked((int)byteCount));
        lock (_gate)
        {
            LastFreed = bytes[..int.Min(bytes.Length, 4096)].ToArray();
            bytes.Fill(Poison);
            _liveBlocks--;
            _liveBytes -= (long)byteCount;
            _freedBlocks++;
            if (keepsFreed)
            {
                _kept.Add(((nint)block, byteCount));
                return;
            }
        }

        NativeMemory.AlignedFree(block);
    }
}
