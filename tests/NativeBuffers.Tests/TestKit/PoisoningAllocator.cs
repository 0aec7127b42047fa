using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>
/// Overwrites freed blocks with poison, and returns them to the system later: a thread that reads one sees poison, and a thread that
/// writes to one is found. Counts live blocks, double frees and frees with a wrong size.
/// </summary>
/// <remarks>It takes no locks, so that an interrupted thread may use it. The program InFlight has this file too: no assertions of xunit.</remarks>
/// <param name="keepsFreed">
/// Keeps all freed blocks until <see cref="Dispose"/> instead of the last 512, so that a late write harms no other block.
/// </param>
internal sealed class PoisoningAllocator(bool keepsFreed = false) : NativeAllocator("Poisoning"), IDisposable
{
    private const byte Poison = 0xDD;
    private const byte Canary = 0xCA;
    private const long Live = 0x4556494C4556494C;
    private const long Freed = 0x4445455246454446;

    /// <summary>Bytes before each block, for its state, its size and the start of its memory; and bytes of canary after it.</summary>
    private const int Frame = 64;

    private readonly ConcurrentQueue<nint> _kept = new();
    private readonly nint[] _quarantine = new nint[512];
    private int _next;
    private long _liveBlocks;
    private long _liveBytes;
    private long _mostBytes;
    private long _freedBlocks;
    private long _freedTwice;
    private long _wrongSizes;
    private long _touched;

    public long LiveBlocks => Volatile.Read(ref _liveBlocks);

    public long LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>The most bytes that were live at once.</summary>
    public long MostBytes => Volatile.Read(ref _mostBytes);

    public long FreedBlocks => Volatile.Read(ref _freedBlocks);

    /// <summary>The first bytes of the block that was freed last, as they were before the free; only if all freed blocks are kept.</summary>
    public byte[] LastFreed { get; private set; } = [];

    /// <summary>Whether all kept blocks still hold poison.</summary>
    public bool IsFreedMemoryUntouched => _kept.All(IsUntouched);

    /// <summary>Fails unless all blocks were freed once each, and no thread touched one afterwards.</summary>
    public void AssertAllCameBack()
    {
        // Blocks of ended threads and forgotten owners are freed by several collections.
        for (int i = 0; i < 100 && LiveBlocks != 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            NativeMemoryCache.Trim();
        }

        AssertUnharmed();
        FailUnless(LiveBlocks == 0, $"{LiveBlocks} blocks are still live.");
    }

    /// <summary>Fails unless each freed block was freed once, and no thread touched it afterwards.</summary>
    public void AssertUnharmed()
    {
        for (int i = 0; i < _quarantine.Length; i++)
        {
            LetGo(Interlocked.Exchange(ref _quarantine[i], 0));
        }

        (long Twice, long WrongSize, long Touched) harm = (Volatile.Read(ref _freedTwice), Volatile.Read(ref _wrongSizes), Volatile.Read(ref _touched));
        FailUnless(harm == default, $"Freed twice, freed with a wrong size, touched after the free: {harm}.");
    }

    public void Dispose()
    {
        while (_kept.TryDequeue(out nint block))
        {
            Return(block);
        }
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        nuint before = nuint.Max(alignment, Frame);
        byte* start = (byte*)NativeMemory.AlignedAlloc(before + byteCount + Frame, before);
        byte* block = start + before;
        long* frame = FrameOf((nint)block);
        frame[0] = Live;
        frame[1] = (long)byteCount;
        frame[2] = (nint)start;
        new Span<byte>(block, (int)byteCount).Fill(zeroed ? (byte)0 : Poison);
        new Span<byte>(block + byteCount, Frame).Fill(Canary);
        Interlocked.Increment(ref _liveBlocks);
        long liveBytes = Interlocked.Add(ref _liveBytes, (long)byteCount);
        for (long most = MostBytes; liveBytes > most; most = MostBytes)
        {
            Interlocked.CompareExchange(ref _mostBytes, liveBytes, most);
        }

        return block;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        long* frame = FrameOf((nint)block);
        if (Interlocked.Exchange(ref frame[0], Freed) != Live)
        {
            Interlocked.Increment(ref _freedTwice);
            return;
        }

        if (frame[1] != (long)byteCount)
        {
            Interlocked.Increment(ref _wrongSizes);
        }

        var bytes = new Span<byte>(block, (int)frame[1]);
        if (keepsFreed)
        {
            LastFreed = bytes[..int.Min(bytes.Length, 4096)].ToArray();
        }

        bytes.Fill(Poison);
        Interlocked.Decrement(ref _liveBlocks);
        Interlocked.Add(ref _liveBytes, -bytes.Length);
        if (keepsFreed)
        {
            _kept.Enqueue((nint)block);
        }
        else
        {
            uint place = (uint)Interlocked.Increment(ref _next) % (uint)_quarantine.Length;
            LetGo(Interlocked.Exchange(ref _quarantine[place], (nint)block));
        }

        Interlocked.Increment(ref _freedBlocks);
    }

    private static unsafe long* FrameOf(nint block) => (long*)(block - Frame);

    private static unsafe bool IsUntouched(nint block)
    {
        int byteCount = (int)FrameOf(block)[1];
        var bytes = new ReadOnlySpan<byte>((byte*)block, byteCount + Frame);
        return !bytes[..byteCount].ContainsAnyExcept(Poison) && !bytes[byteCount..].ContainsAnyExcept(Canary);
    }

    private void LetGo(nint block)
    {
        if (block != 0)
        {
            if (!IsUntouched(block))
            {
                Interlocked.Increment(ref _touched);
            }

            Return(block);
        }
    }

    private static unsafe void Return(nint block) => NativeMemory.AlignedFree((void*)(nint)FrameOf(block)[2]);

    private static void FailUnless(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidOperationException(message);
        }
    }
}
