using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The freed small blocks of one allocator that one thread keeps: quarantine and free list in one.</summary>
/// <remarks>
/// <para>There is a ring for each size class. A block is used again only when its ring is full, and only the oldest block is. So each
/// block waits as long as the ring is long, and is verified before it is used again. No other thread takes part.</para>
/// <para><see cref="NativeMemoryGuard.Check"/> is rare, and verifies the rings of all threads. For that, the owner pays two plain stores and
/// a load on each access. The checking thread pays a barrier in every core, as in <c>Bin</c>.</para>
/// <para>After the thread has ended, nothing refers to this object, and the finalizer gives the blocks back.</para>
/// </remarks>
internal sealed class ThreadQuarantine
{
    /// <summary>The largest block that is kept here, in bytes.</summary>
    public const uint LargestByteCount = 32 * 1024;

    /// <summary>The quarantines of this thread, as a list; the one of the allocator that the thread used last is the first.</summary>
    [ThreadStatic]
    private static ThreadQuarantine? t_first;

    private static readonly UninterruptedLock s_lock = new();
    private static readonly List<WeakReference<ThreadQuarantine>> s_all = [];
    private static bool s_isChecking;
    private static long s_count;

    private static readonly int s_ringCount = SizeClasses.Of(LargestByteCount) + 1;

    private readonly CheckedAllocator _owner;
    private ThreadQuarantine? _next;

    /// <summary>One ring for each size class.</summary>
    private readonly unsafe QuarantineRing* _rings;
    private int _inside;
    private ulong _serial;

    // Each thread writes its own quarantine: no two of them share a cache line.
#pragma warning disable CS0169, IDE0051 // The field is not read.
    private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

    private ThreadQuarantine(CheckedAllocator owner, ThreadQuarantine? next)
    {
        _owner = owner;
        _next = next;
        Thread = (ulong)(uint)Environment.CurrentManagedThreadId << 32;
        _serial = (ulong)Interlocked.Increment(ref s_count) << 40;
        FailPoint.ThrowIfRefused();
        unsafe
        {
            // SAFETY: s_ringCount rings, which the finalizer frees.
            _rings = (QuarantineRing*)NativeMemory.AlignedAlloc((nuint)s_ringCount * (nuint)sizeof(QuarantineRing), 64);
            new Span<QuarantineRing>(_rings, s_ringCount).Clear();
        }

        using UninterruptedLock.Scope scope = s_lock.Enter();
        _ = s_all.RemoveAll(static reference => !reference.TryGetTarget(out _));
        s_all.Add(new WeakReference<ThreadQuarantine>(this));
    }

    ~ThreadQuarantine()
    {
        unsafe
        {
            // SAFETY: nothing refers to this object, so no thread uses its s_ringCount rings. They are null if the constructor had no memory.
            if (_rings != null && !Environment.HasShutdownStarted)
            {
                Empty();
                for (int i = 0; i < s_ringCount; i++)
                {
                    _rings[i].Close();
                }

                NativeMemory.AlignedFree(_rings);
            }
        }
    }

    /// <summary>The thread's number in the upper half, as headers have it.</summary>
    public ulong Thread { get; }

    /// <summary>This thread's quarantine of an allocator; null if memory is exhausted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ThreadQuarantine? Of(CheckedAllocator owner)
    {
        ThreadQuarantine? first = t_first;
        return first is not null && first._owner == owner ? first : Find(owner);
    }

    /// <summary>Stores a handle to this thread's quarantine of an allocator in <paramref name="word"/>; false if memory is exhausted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryStore(CheckedAllocator owner, ref nint word)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            ThreadQuarantine? quarantine = Of(owner);
            word = quarantine is null ? 0 : GCHandle.ToIntPtr(GCHandle.Alloc(quarantine));
            return quarantine is not null;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>The quarantine whose handle <see cref="TryStore"/> has stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ThreadQuarantine FromWord(nint word) => Unsafe.As<ThreadQuarantine>(GCHandle.FromIntPtr(word).Target)!;

    /// <summary>Gives back all blocks that this thread keeps, because memory is short.</summary>
    public static void EmptyAll()
    {
        for (ThreadQuarantine? quarantine = t_first; quarantine is not null; quarantine = quarantine._next)
        {
            quarantine.Empty();
        }
    }

    /// <summary>A number that no other block has.</summary>
    public ulong NextSerial() => ++_serial;

    /// <summary>Takes the oldest block of a size class if its ring is full; otherwise returns 0.</summary>
    /// <safety>The size class is one of small blocks. This is the thread's quarantine, so no other thread uses the ring after Enter.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe nint TakeOldest(int sizeClass)
    {
        QuarantineRing* ring = _rings + sizeClass;
        Enter();
        nint block = ring->IsFull ? ring->Take() : 0;
        Volatile.Write(ref _inside, 0);
        return block;
    }

    /// <summary>Keeps a freed block.</summary>
    /// <returns>The block that leaves in exchange: the oldest one, or this one if there is no memory for a ring; otherwise 0.</returns>
    /// <inheritdoc cref="TakeOldest" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe nint Keep(int sizeClass, nint block)
    {
        QuarantineRing* ring = _rings + sizeClass;
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

    /// <summary>Verifies the blocks that all threads keep, and reports those that were written to.</summary>
    public static void CheckAll()
    {
        List<NativeMemoryViolation> found = [];
        using (s_lock.Enter())
        {
            Volatile.Write(ref s_isChecking, true);
            try
            {
                Interlocked.MemoryBarrierProcessWide();
                foreach (WeakReference<ThreadQuarantine> reference in s_all)
                {
                    if (reference.TryGetTarget(out ThreadQuarantine? quarantine))
                    {
                        quarantine.Check(found);
                        GC.KeepAlive(quarantine);
                    }
                }
            }
            finally
            {
                // Also when the list could not grow: other threads wait for this.
                Volatile.Write(ref s_isChecking, false);
            }
        }

        found.ForEach(NativeMemoryGuard.Report);
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
            // SAFETY: s_ringCount rings, which live as long as this object, and the caller refers to it. The owner thread waits outside
            // until s_isChecking is false. The blocks in a ring stay allocated, with their headers and red zones.
            for (QuarantineRing* ring = _rings; ring < _rings + s_ringCount; ring++)
            {
                for (uint i = 0; i < ring->Count; i++)
                {
                    ref nint block = ref ring->At(i);
                    if (block != 0 && CheckedFindings.InFreed(CheckedHeader.Of((void*)block)) is { } violation)
                    {
                        // Forgotten: reported once, and never used again.
                        block = 0;
                        found.Add(violation);
                    }
                }
            }
        }
    }

    private void Empty()
    {
        for (int i = 0; i < s_ringCount; i++)
        {
            unsafe
            {
                // SAFETY: i is below s_ringCount. Only this thread changes the count, and no other thread uses the ring after Enter.
                while (_rings[i].Count > 0)
                {
                    Enter();
                    nint block = _rings[i].Take();
                    Volatile.Write(ref _inside, 0);
                    _owner.Discard(block, mayThrow: false);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ThreadQuarantine? Find(CheckedAllocator owner)
    {
        for (ThreadQuarantine? before = null, next = t_first; next is not null; before = next, next = next._next)
        {
            if (next._owner == owner)
            {
                // To the front: a thread that mostly uses one allocator finds its quarantine there.
                before!._next = next._next;
                next._next = t_first;
                return t_first = next;
            }
        }

        try
        {
            return t_first = new ThreadQuarantine(owner, t_first);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    private void Enter()
    {
        Volatile.Write(ref _inside, 1);
        while (Volatile.Read(ref s_isChecking))
        {
            WaitForCheck();
        }
    }

    private void WaitForCheck()
    {
        Volatile.Write(ref _inside, 0);
        using (s_lock.Enter())
        {
            // The checking thread holds the lock until it has finished.
        }

        Volatile.Write(ref _inside, 1);
    }
}
