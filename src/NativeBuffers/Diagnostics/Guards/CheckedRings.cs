using NativeBuffers.Caches;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What one thread keeps of freed blocks of one allocator: quarantine and free list in one.</summary>
/// <remarks>
/// <para>A block is used again only when its ring is full, and then it is the oldest: so each lies there for as long as the
/// ring is long, and is looked at before it is used. No other thread takes part.</para>
/// <para>Now and then somebody looks at all rings: <see cref="NativeMemoryGuard.Check"/>. The thread pays two plain stores and
/// a load for that, and the visitor a barrier in every core, as in <see cref="Magazine"/>.</para>
/// <para>When the thread has ended, nothing refers to this any more, and the finalizer gives the blocks back.</para>
/// </remarks>
internal sealed class CheckedRings
{
    /// <summary>The largest block that rings keep, in bytes.</summary>
    public const uint LargestByteCount = 32 * 1024;

    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<WeakReference<CheckedRings>> s_all = [];
    private static bool s_isVisited;
    private static long s_count;

    private readonly CheckedRing?[] _rings = new CheckedRing?[SizeClasses.Of(LargestByteCount) + 1];
    private int _inside;
    private ulong _serial;

    public CheckedRings(CheckedAllocator owner, CheckedRings? next)
    {
        Owner = owner;
        Next = next;
        Thread = (ulong)(uint)Environment.CurrentManagedThreadId << 32;
        _serial = (ulong)Interlocked.Increment(ref s_count) << 40;
        using (s_gate.Enter())
        {
            _ = s_all.RemoveAll(static reference => !reference.TryGetTarget(out _));
            s_all.Add(new WeakReference<CheckedRings>(this));
        }
    }

    ~CheckedRings()
    {
        if (!Environment.HasShutdownStarted)
        {
            for (int i = 0; i < _rings.Length; i++)
            {
                while (_rings[i] is { Count: > 0 } ring)
                {
                    Owner.Discard(ring.Take(), mayThrow: false);
                }
            }
        }
    }

    public CheckedAllocator Owner { get; }

    /// <summary>This thread's, for another allocator.</summary>
    public CheckedRings? Next { get; set; }

    /// <summary>The thread's number, where headers have it.</summary>
    public ulong Thread { get; }

    /// <summary>A number that no other block has.</summary>
    public ulong NextSerial() => ++_serial;

    /// <summary>The oldest block of a size, if there are as many as are kept; otherwise 0.</summary>
    public nint TakeOldest(int sizeClass)
    {
        Enter();
        CheckedRing? ring = _rings[sizeClass];
        nint block = ring is not null && ring.IsFull ? ring.Take() : 0;
        Volatile.Write(ref _inside, 0);
        return block;
    }

    /// <summary>Keeps a block that was freed.</summary>
    /// <returns>The oldest one, if it has to leave for that; otherwise 0.</returns>
    public nint Keep(int sizeClass, nint block)
    {
        CheckedRing ring = _rings[sizeClass] ?? Add(sizeClass);
        Enter();
        nint oldest = ring.IsFull ? ring.Take() : 0;
        ring.Add(block);
        Volatile.Write(ref _inside, 0);
        return oldest;
    }

    /// <summary>Gives all blocks back: memory is short.</summary>
    public void Empty()
    {
        foreach (CheckedRing? ring in _rings)
        {
            bool goesOn = ring is not null;
            while (goesOn)
            {
                Enter();
                nint block = ring!.Count > 0 ? ring.Take() : 0;
                goesOn = ring.Count > 0;
                Volatile.Write(ref _inside, 0);
                Owner.Discard(block, mayThrow: false);
            }
        }
    }

    /// <summary>Looks at what all threads keep.</summary>
    public static List<NativeMemoryViolation> Check()
    {
        List<NativeMemoryViolation> found = [];
        using (s_gate.Enter())
        {
            Volatile.Write(ref s_isVisited, true);
            Interlocked.MemoryBarrierProcessWide();
            foreach (WeakReference<CheckedRings> reference in s_all)
            {
                if (reference.TryGetTarget(out CheckedRings? rings))
                {
                    rings.Check(found);
                }
            }

            Volatile.Write(ref s_isVisited, false);
        }

        return found;
    }

    private void Check(List<NativeMemoryViolation> found)
    {
        while (Volatile.Read(ref _inside) != 0)
        {
            // Never asleep, which could be interrupted.
            System.Threading.Thread.SpinWait(20);
            _ = System.Threading.Thread.Yield();
        }

        foreach (CheckedRing? ring in _rings)
        {
            for (int i = 0; ring is not null && i < ring.Count; i++)
            {
                nint block = ring.At(i);
                if (block != 0 && CheckedBlocks.FindInFreed(block) is { } violation)
                {
                    // Told once, and never used again.
                    ring.Forget(i);
                    found.Add(violation);
                }
            }
        }
    }

    private void Enter()
    {
        Volatile.Write(ref _inside, 1);
        if (Volatile.Read(ref s_isVisited))
        {
            WaitForVisitor();
        }
    }

    private void WaitForVisitor()
    {
        do
        {
            Volatile.Write(ref _inside, 0);
            using (s_gate.Enter())
            {
                // The visitor holds the lock until it has gone.
            }

            Volatile.Write(ref _inside, 1);
        }
        while (Volatile.Read(ref s_isVisited));
    }

    private CheckedRing Add(int sizeClass) => _rings[sizeClass] = new CheckedRing(sizeClass);
}
