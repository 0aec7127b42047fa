using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Races;

/// <summary>
/// Overwrites what is freed, and keeps it a while before it really goes: who touches a block after that sees poison, or
/// breaks it and is found out. Counts what is live, and what was freed twice or in another size.
/// </summary>
/// <remarks>No locks, so that an interrupted thread may use it.</remarks>
internal sealed class PoisoningAllocator() : NativeAllocator("Poisoning")
{
    private const byte Poison = 0xDD;
    private const byte Canary = 0xCA;
    private const long Live = 0x4556494C4556494C;
    private const long Freed = 0x4445455246454446;

    /// <summary>Before each block its state and its size, and behind it a canary, in bytes.</summary>
    private const int Frame = 64;

    private readonly nint[] _quarantine = new nint[512];
    private int _next;
    private long _liveBlocks;
    private long _freedTwice;
    private long _wrongSizes;
    private long _touched;

    public long LiveBlocks => Volatile.Read(ref _liveBlocks);

    /// <summary>Asserts that all blocks came back, each once, and that nobody touched them afterwards.</summary>
    public void AssertAllCameBack()
    {
        // What ended threads and forgotten holders had comes back by and by.
        for (int i = 0; i < 100 && LiveBlocks != 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            NativeMemoryCache.Trim();
        }

        AssertUnharmed();
        Assert.Equal(0, LiveBlocks);
    }

    /// <summary>Asserts that each block that came back did so once, and that nobody touched it afterwards.</summary>
    public void AssertUnharmed()
    {
        for (int i = 0; i < _quarantine.Length; i++)
        {
            LetGo(Interlocked.Exchange(ref _quarantine[i], 0));
        }

        Assert.Equal((0L, 0L, 0L), (Volatile.Read(ref _freedTwice), Volatile.Read(ref _wrongSizes), Volatile.Read(ref _touched)));
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        Assert.True(alignment <= Frame);
        byte* frame = (byte*)NativeMemory.AlignedAlloc(byteCount + (2 * Frame), Frame);
        ((long*)frame)[0] = Live;
        ((long*)frame)[1] = (long)byteCount;
        byte* block = frame + Frame;
        new Span<byte>(block, (int)byteCount).Fill(zeroed ? (byte)0 : Poison);
        new Span<byte>(block + byteCount, Frame).Fill(Canary);
        Interlocked.Increment(ref _liveBlocks);
        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        long* frame = (long*)((byte*)block - Frame);
        if (Interlocked.Exchange(ref frame[0], Freed) != Live)
        {
            Interlocked.Increment(ref _freedTwice);
            return;
        }

        if (frame[1] != (long)byteCount)
        {
            Interlocked.Increment(ref _wrongSizes);
        }

        new Span<byte>(block, (int)frame[1]).Fill(Poison);
        Interlocked.Decrement(ref _liveBlocks);
        uint place = (uint)Interlocked.Increment(ref _next) % (uint)_quarantine.Length;
        LetGo(Interlocked.Exchange(ref _quarantine[place], (nint)frame));
    }

    private unsafe void LetGo(nint frame)
    {
        if (frame != 0)
        {
            int byteCount = (int)((long*)frame)[1];
            var block = new ReadOnlySpan<byte>((byte*)frame + Frame, byteCount + Frame);
            if (block[..byteCount].ContainsAnyExcept(Poison) || block[byteCount..].ContainsAnyExcept(Canary))
            {
                Interlocked.Increment(ref _touched);
            }

            NativeMemory.AlignedFree((void*)frame);
        }
    }
}
