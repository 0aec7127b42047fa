using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The hot blocks that visitors withdraw from a thread which waits. The thread takes and gives its hot block without telling anybody.</summary>
/// <remarks>
/// <para>A visitor closes the hot place by a compare-and-swap from the slot to <see cref="Bin.NoRoom"/>, and notes the slot here. It passes a
/// process-wide barrier, looks whether the thread waits, and then looks at the place.
/// <list type="bullet">
/// <item>The thread waits, and the place is closed: the slot is the visitor's. A thread that had loaded the slot before the compare-and-swap
/// stores null next, with no wait in between. The barrier comes after the compare-and-swap. So if that load came after the wait, the visitor
/// would have seen the end of the wait.</item>
/// <item>The place has a slot: the thread had loaded the withdrawn one, and has another one by now. The note is dropped.</item>
/// <item>All else says nothing yet. The thread may have found the place closed, stored null, and not yet closed it again
/// (<see cref="Bin.StayClosed"/>). The note stays until the next visit, or until the thread has ended.</item>
/// </list></para>
/// <para>A thread that finds its place closed has not loaded the slot. Out of line it takes the slot back if the note is still there: under the lock,
/// because a visitor may have seen it waiting. Otherwise the place and its room are the visitor's gain, and the thread reserves
/// room again: <see cref="ThreadCache.Opened"/>.</para>
/// <para>The order of a visitor: note, compare-and-swap, barrier, thread, place, room, note cleared.</para>
/// </remarks>
internal struct WithdrawnBlocks
{
    /// <summary>Whether a thread that the runtime calls waiting runs no code of the program: see docs/decisions/0003.</summary>
    /// <remarks>
    /// Not on Windows, where calls of COM and of the system run on waiting threads. Not in a native image, in a later runtime or in Mono,
    /// where an exception filter may run before the wait has ended.
    /// </remarks>
    private static readonly bool s_waitsAreProofs =
        !OperatingSystem.IsWindows() && RuntimeFeature.IsDynamicCodeSupported && Environment.Version.Major == 10
        && Type.GetType("Mono.RuntimeStructs") is null;

    /// <summary>The withdrawn slots that the thread may have taken. Written under the lock of <see cref="ThreadCaches"/>.</summary>
    private SizeClasses.Row<nint> _notes;

    /// <summary>The number of times that visitors tried to close a place. Under the lock of <see cref="ThreadCaches"/>.</summary>
    public long Tries { get; private set; }

    /// <summary>Whether a thread is known to be between two uses of its cache, now. For a visitor after its barrier.</summary>
    public static bool IsAtRest(Thread thread)
    {
        bool isAtRest = thread == Thread.CurrentThread || (s_waitsAreProofs && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0);

        // On Arm64 the loads that follow could come first.
        Interlocked.MemoryBarrier();
        return isAtRest;
    }

    /// <summary>Whether a slot is noted for a size class.</summary>
    public readonly bool Has(int sizeClass, nint slot) => Volatile.Read(in _notes[sizeClass]) == slot;

    /// <summary>Whether a slot is noted for a size class, whichever it is.</summary>
    public readonly bool HasAny(int sizeClass) => !Has(sizeClass, 0);

    /// <summary>Closes the hot place of a bin, if a slot is there. Next: a process-wide barrier, <see cref="IsAtRest"/> and <see cref="Settle"/>.</summary>
    /// <safety>The caller has the lock of <see cref="ThreadCaches"/>. Caches are never unmapped.</safety>
    public static unsafe void Withdraw(ThreadCache* cache, int sizeClass)
    {
        Bin* bin = ThreadCache.BinOf(cache, sizeClass);
        nint hot = bin->ReadHot();
        if (hot <= (nint)Bin.NoRoom)
        {
            return;
        }

        // An earlier note is dropped: its slot was taken, or another one would not be hot.
        ref nint note = ref cache->Withdrawn._notes[sizeClass];
        Volatile.Write(ref note, hot);
        cache->Withdrawn.Tries++;
        if (Interlocked.CompareExchange(ref *(nint*)&bin->Hot, (nint)Bin.NoRoom, hot) != hot)
        {
            Volatile.Write(ref note, 0);
        }
    }

    /// <summary>Decides about the note of a size class, if it can.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="sizeClass">The size class.</param>
    /// <param name="isAtRest">Whether the thread of the cache was at rest, after the barrier.</param>
    /// <returns>A slot that is the caller's from now on, and its room is released; or null.</returns>
    /// <inheritdoc cref="Withdraw" path="/safety"/>
    public static unsafe Slot* Settle(ThreadCache* cache, int sizeClass, bool isAtRest)
    {
        ref nint note = ref cache->Withdrawn._notes[sizeClass];
        nint slot = note;
        nint hot = ThreadCache.BinOf(cache, sizeClass)->ReadHot();
        if (slot == 0 || hot == 0 || (hot == (nint)Bin.NoRoom && !isAtRest))
        {
            return null;
        }

        bool isFree = hot == (nint)Bin.NoRoom;
        if (isFree)
        {
            // The room first: the thread believes a place without a note to have none.
            cache->Room.ReleaseHot(sizeClass);
        }

        Volatile.Write(ref note, 0);
        return isFree ? (Slot*)slot : null;
    }

    /// <summary>Makes a withdrawn slot hot again; false if there is none.</summary>
    /// <safety>The caller is the thread of the cache, and finds the hot place closed.</safety>
    public static unsafe bool TryPutBack(ThreadCache* cache, int sizeClass)
    {
        // On Arm64 the note could be read before the place was found closed.
        Interlocked.MemoryBarrier();
        if (!cache->Withdrawn.HasAny(sizeClass))
        {
            return false;
        }

        using (ThreadCaches.Lock.Enter())
        {
            ref nint note = ref cache->Withdrawn._notes[sizeClass];
            nint slot = note;
            if (slot != 0)
            {
                ThreadCache.BinOf(cache, sizeClass)->Hot = (Slot*)slot;
                Volatile.Write(ref note, 0);
            }

            return slot != 0;
        }
    }

    /// <summary>Takes the hot or withdrawn slot of a thread that has ended, and closes the place; null if there is none.</summary>
    /// <safety>The thread has ended, a barrier of the whole process came after, and the cache is the caller's.</safety>
    public static unsafe Slot* TakeLast(ThreadCache* cache, int sizeClass)
    {
        Bin* bin = ThreadCache.BinOf(cache, sizeClass);
        ref nint note = ref cache->Withdrawn._notes[sizeClass];
        Slot* last = bin->Hot == Bin.NoRoom ? (Slot*)note : bin->Hot;
        note = 0;
        bin->Hot = Bin.NoRoom;
        return last;
    }
}
