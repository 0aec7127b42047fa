using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What one thread keeps of freed blocks of one allocator: quarantine and free list in one.</summary>
/// <remarks>
/// <para>A block is used again only when its ring is full, and then it is the oldest: so each lies there for as long as the
/// ring is long, and is looked at before it is used. No other thread takes part.</para>
/// <para>Now and then somebody looks at all rings: <see cref="NativeMemoryGuard.Check"/>. The thread pays two plain stores and
/// a load for that, and the visitor a barrier in every core, as in <see cref="Bin"/>.</para>
/// <para>When the thread has ended, nothing refers to this any more, and the finalizer gives the blocks back.</para>
/// </remarks>
internal sealed class CheckedRings
{
    /// <summary>The largest block that rings keep, in bytes.</summary>
    public const uint LargestByteCount = 32 * 1024;

    /// <summary>This thread's: those of the allocator that it used last, then the others'.</summary>
    [ThreadStatic]
    private static CheckedRings? t_first;

    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<WeakReference<CheckedRings>> s_all = [];
    private static bool s_isVisited;
    private static long s_count;

    private static readonly int s_ringCount = SizeClasses.Of(LargestByteCount) + 1;

    private readonly CheckedAllocator _owner;
    private CheckedRings? _next;

    /// <summary>One for each size class.</summary>
    private readonly unsafe CheckedRing* _rings;
    private int _inside;
    private ulong _serial;

    // Each thread writes its own.
#pragma warning disable CS0169, IDE0051 // Nobody uses it.
    private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

    private CheckedRings(CheckedAllocator owner, CheckedRings? next)
    {
        _owner = owner;
        _next = next;
        Thread = (ulong)(uint)Environment.CurrentManagedThreadId << 32;
        _serial = (ulong)Interlocked.Increment(ref s_count) << 40;
        FailPoint.ThrowIfRefused();
        unsafe
        {
            // SAFETY: kept until this is finalized. Each ring is written before it is read.
            _rings = (CheckedRing*)NativeMemory.AlignedAlloc((nuint)(s_ringCount * sizeof(CheckedRing)), 64);
            new Span<CheckedRing>(_rings, s_ringCount).Fill(CheckedRing.Closed);
        }

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
            unsafe
            {
                // SAFETY: nobody refers to this any more. Null if the constructor had no memory.
                for (CheckedRing* ring = _rings; ring != null && ring < _rings + s_ringCount; ring++)
                {
                    while (ring->Count > 0)
                    {
                        _owner.Discard(ring->Take(), mayThrow: false);
                    }

                    ring->Close();
                }

                NativeMemory.AlignedFree(_rings);
            }
        }
    }

    /// <summary>The thread's number, where headers have it.</summary>
    public ulong Thread { get; }

    /// <summary>This thread's of an allocator; null if there is no memory for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CheckedRings? Of(CheckedAllocator owner)
    {
        CheckedRings? first = t_first;
        return first is not null && first._owner == owner ? first : Find(owner);
    }

    /// <summary>Puts this thread's of an allocator into a word, for <see cref="FromWord"/>; false if there is no memory for that.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryName(CheckedAllocator owner, ref nint word)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            CheckedRings? rings = Of(owner);
            word = rings is null ? 0 : GCHandle.ToIntPtr(GCHandle.Alloc(rings));
            return rings is not null;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Those that a word names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CheckedRings FromWord(nint word) => Unsafe.As<CheckedRings>(GCHandle.FromIntPtr(word).Target)!;

    /// <summary>Gives all blocks back that this thread keeps: memory is short.</summary>
    public static void EmptyAll()
    {
        for (CheckedRings? rings = t_first; rings is not null; rings = rings._next)
        {
            rings.Empty();
        }
    }

    /// <summary>A number that no other block has.</summary>
    public ulong NextSerial() => ++_serial;

    /// <summary>The oldest block of a size, if there are as many as are kept; otherwise 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint TakeOldest(int sizeClass)
    {
        unsafe
        {
            // SAFETY: rings have blocks of this class, and this thread is their only one while no visitor is here.
            CheckedRing* ring = _rings + sizeClass;
            Enter();
            nint block = ring->IsFull ? ring->Take() : 0;
            Volatile.Write(ref _inside, 0);
            return block;
        }
    }

    /// <summary>Keeps a block that was freed.</summary>
    /// <returns>What has to leave for that: the oldest one, or this one if there is no memory for a ring; otherwise 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Keep(int sizeClass, nint block)
    {
        unsafe
        {
            // SAFETY: as above.
            CheckedRing* ring = _rings + sizeClass;
            Enter();
            nint leaving = 0;
            if (ring->IsFull)
            {
                leaving = ring->Take();
            }
            else if (!ring->IsOpen && !ring->TryOpen(sizeClass))
            {
                Volatile.Write(ref _inside, 0);
                return block;
            }

            ring->Add(block);
            Volatile.Write(ref _inside, 0);
            return leaving;
        }
    }

    private void Empty()
    {
        for (int i = 0; i < s_ringCount; i++)
        {
            bool goesOn = true;
            while (goesOn)
            {
                nint block;
                unsafe
                {
                    // SAFETY: as above.
                    Enter();
                    block = _rings[i].Count > 0 ? _rings[i].Take() : 0;
                    goesOn = _rings[i].Count > 0;
                    Volatile.Write(ref _inside, 0);
                }

                _owner.Discard(block, mayThrow: false);
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
            try
            {
                Interlocked.MemoryBarrierProcessWide();
                foreach (WeakReference<CheckedRings> reference in s_all)
                {
                    if (reference.TryGetTarget(out CheckedRings? rings))
                    {
                        rings.Check(found);
                        GC.KeepAlive(rings);
                    }
                }
            }
            finally
            {
                // Also when there was no memory for what was found: others wait for this.
                Volatile.Write(ref s_isVisited, false);
            }
        }

        return found;
    }

    private void Check(List<NativeMemoryViolation> found)
    {
        Backoff backoff = default;
        while (Volatile.Read(ref _inside) != 0)
        {
            backoff.Pause();
        }

        unsafe
        {
            // SAFETY: the thread is outside, and waits there until the visitor has gone. The caller refers to this.
            for (CheckedRing* ring = _rings; ring < _rings + s_ringCount; ring++)
            {
                for (uint i = 0; i < ring->Count; i++)
                {
                    nint block = ring->At(i);
                    if (block != 0 && CheckedBlocks.FindInFreed(block) is { } violation)
                    {
                        // Told once, and never used again.
                        ring->Forget(i);
                        found.Add(violation);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static CheckedRings? Find(CheckedAllocator owner)
    {
        for (CheckedRings? before = null, rings = t_first; rings is not null; before = rings, rings = rings._next)
        {
            if (rings._owner == owner)
            {
                // To the front: a thread that uses one allocator mostly finds it there.
                before!._next = rings._next;
                rings._next = t_first;
                return t_first = rings;
            }
        }

        try
        {
            return t_first = new CheckedRings(owner, t_first);
        }
        catch (OutOfMemoryException)
        {
            return null;
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
}
