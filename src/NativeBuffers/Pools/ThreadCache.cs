using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>The free blocks that one thread keeps, and the way to them.</summary>
/// <remarks>
/// <para>A scoped buffer is a ref struct, which the language confines to its thread. So the thread that disposes it is
/// the one that created it, and neither needs a lock or an atomic operation.</para>
/// <para>Taking a block reads one thread-local pointer; giving it back reads none, because the slot knows its magazine.
/// What is not on the shortest path is out of line: an inlined P/Invoke would make the JIT keep the caller's span in
/// memory instead of registers, and its loops would load it at each turn.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ThreadCache
{
    /// <summary>The magazines of this thread's cache, by size class; null until the first miss.</summary>
    [ThreadStatic]
    private static unsafe Magazine* t_magazines;

    /// <summary>Guards the lists of the magazines and <see cref="SlotsHeld"/>; the rest belongs to the thread alone.</summary>
    public OwnerGate Gate;

    /// <summary>The home of slots whose blocks no magazine takes back: large ones, other allocators', those over the budget.</summary>
    public Magazine Closed;

    public MagazineRow Row;

    /// <summary>Slots without a block, for this thread's next ones.</summary>
    public unsafe Slot* Vacant;

    /// <summary>How many slots have their home here: free ones and those in use.</summary>
    public long SlotsHeld;

    /// <summary>What this thread has reserved of the budget, in bytes.</summary>
    public long ReservedBytes;

    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes that was just freed; null when there is none.</summary>
    /// <param name="byteCount">In bytes; any number.</param>
    /// <param name="magazine">Where to look next, with <see cref="TakeBehindHot"/>; null when no magazine keeps such blocks.</param>
    /// <safety>The slot and its block belong to the caller, on this thread, until <see cref="Return"/>.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TakeHot(ulong byteCount, out Magazine* magazine)
    {
        // One comparison refuses zero (which wraps), negative lengths (huge as unsigned) and blocks too large to cache.
        ulong last = byteCount - 1;
        if (last < SizeClasses.Largest)
        {
            Magazine* magazines = t_magazines;
            if (magazines != null)
            {
                magazine = magazines + SizeClasses.OfLast((uint)last);
                Slot* slot = magazine->Hot;
                if (slot != null)
                {
                    magazine->Hot = null;
                }

                return slot;
            }
        }

        magazine = null;
        return null;
    }

    /// <summary>A slot from the lists of a magazine; null when they are empty.</summary>
    /// <safety>The magazine is this thread's. As for <see cref="TakeHot"/>.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TakeBehindHot(Magazine* magazine)
    {
        ThreadCache* cache = magazine->Cache;
        cache->Gate.Enter();
        Slot* slot = magazine->TryPop();
        cache->Gate.Leave();
        return slot;
    }

    /// <summary>Gives a slot back with its block.</summary>
    /// <safety>The slot belongs to the caller, on this thread, and its generation was moved on already.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Return(Slot* slot)
    {
        Magazine* home = slot->Home;
        if (home->Hot == null)
        {
            home->Hot = slot;
        }
        else
        {
            ReturnBehindHot(home, slot);
        }
    }

    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes, which a size class holds; null when memory is exhausted.</summary>
    /// <safety>As for <see cref="TakeHot"/>.</safety>
    public static unsafe Slot* TryTake(nuint byteCount)
    {
        Slot* slot = TakeHot(nuint.Max(byteCount, 1), out Magazine* magazine);
        if (slot == null && magazine != null)
        {
            slot = TakeBehindHot(magazine);
        }

        if (slot != null)
        {
            return slot;
        }

        ThreadCache* cache = Current();
        return cache == null ? null : Refill(cache, cache->Opened(SizeClasses.Of(byteCount)));
    }

    /// <summary>A slot for a block that does not come from a cache; null when memory is exhausted.</summary>
    /// <safety>The caller gives it a block, and then returns it as any other.</safety>
    public static unsafe Slot* TryTakeVacant()
    {
        ThreadCache* cache = Current();
        return cache == null ? null : TakeVacant(cache, &cache->Closed);
    }

    /// <summary>Takes the block out of a slot, which becomes vacant.</summary>
    /// <safety>The slot came from this thread's <see cref="TryTake"/>; the block belongs to the caller now.</safety>
    public static unsafe void* Detach(Slot* slot)
    {
        void* block = slot->Start;
        ReturnVacant(slot);
        return block;
    }

    /// <summary>Puts a block into a vacant slot, and gives both back; false when there is no slot to be had.</summary>
    /// <safety>The block is the caller's to give up, and was detached from a slot of this size, on any thread.</safety>
    public static unsafe bool TryAttach(void* block, nuint byteCount)
    {
        ThreadCache* cache = Current();
        if (cache == null)
        {
            return false;
        }

        Magazine* magazine = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = TakeVacant(cache, magazine->IsOpen ? magazine : &cache->Closed);
        if (slot == null)
        {
            return false;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(magazine->SizeClass);
        slot->Start = (byte*)block;
        Return(slot);
        return true;
    }

    /// <summary>Gives a slot back whose block is gone already.</summary>
    /// <safety>The slot came from this thread's <see cref="TryTake"/> or <see cref="TryTakeVacant"/> and has no block.</safety>
    public static unsafe void ReturnVacant(Slot* slot)
    {
        ThreadCache* cache = slot->Home->Cache;
        slot->Home = null;
        slot->Start = null;
        slot->Next = cache->Vacant;
        cache->Vacant = slot;
        cache->Gate.Enter();
        cache->SlotsHeld--;
        cache->Gate.Leave();
    }

    /// <summary>Empties the calling thread's cache, the blocks freed last too.</summary>
    public static void FlushCurrent()
    {
        unsafe
        {
            // SAFETY: the cache belongs to this thread, which is in none of its magazines now.
            if (t_magazines == null)
            {
                return;
            }

            ThreadCache* cache = t_magazines->Cache;
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                cache->FlushHot(t_magazines + i);
            }
        }
    }

    /// <summary>Moves the block freed last, and the lists, to the depot.</summary>
    /// <safety>The caller is this cache's thread, or the thread has ended. The magazine is one of this cache's.</safety>
    public unsafe void FlushHot(Magazine* magazine)
    {
        Slot* hot = magazine->Hot;
        if (hot != null)
        {
            magazine->Hot = null;
            Gate.Enter();
            SlotsHeld--;
            Gate.Leave();
            Depot.Give(magazine->SizeClass, Bundle.Of(hot));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnBehindHot(Magazine* home, Slot* slot)
    {
        // The closed magazine has no room, so what cannot be cached falls through too.
        ThreadCache* cache = home->Cache;
        cache->Gate.Enter();
        bool pushed = home->TryPush(slot);
        cache->Gate.Leave();
        if (!pushed)
        {
            ReturnOverflow(home, slot);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnOverflow(Magazine* home, Slot* slot)
    {
        if (slot->Kind != SlotKind.Cached)
        {
            Uncached.Free(slot);
            ReturnVacant(slot);
            return;
        }

        ThreadCache* cache = home->Cache;
        cache->Gate.Enter();

        // Both lists are full, or the magazine has none: make room by giving the older list to the depot.
        Bundle bundle = Bundle.Take(ref home->Previous);
        if (bundle.IsEmpty)
        {
            bundle = Bundle.Of(slot);
        }
        else
        {
            _ = home->TryPush(slot);
        }

        cache->SlotsHeld -= bundle.Count;
        cache->Gate.Leave();
        Depot.Give(SizeClasses.Of(slot->ByteCount), bundle);
    }

    private static unsafe Slot* Refill(ThreadCache* cache, Magazine* magazine)
    {
        // Where the budget has no room for even the hot block, slots come back through the closed magazine.
        Magazine* home = magazine->IsOpen ? magazine : &cache->Closed;
        Bundle bundle = Depot.Take(magazine->SizeClass);
        return bundle.IsEmpty ? TakeFresh(cache, magazine, home) : TakeFrom(bundle, cache, magazine, home);
    }

    private static unsafe Slot* TakeFrom(Bundle bundle, ThreadCache* cache, Magazine* magazine, Magazine* home)
    {
        Slot* slot = bundle.TryPop();
        slot->Home = home;
        bool keep = bundle.Count <= magazine->Capacity;
        if (keep)
        {
            bundle.SetHome(home);
        }

        cache->Gate.Enter();
        cache->SlotsHeld++;
        if (keep)
        {
            cache->SlotsHeld += bundle.Count;
            magazine->Loaded = Bundle.Take(ref bundle);
        }

        cache->Gate.Leave();
        Depot.Give(magazine->SizeClass, bundle);
        return slot;
    }

    private static unsafe Slot* TakeFresh(ThreadCache* cache, Magazine* magazine, Magazine* home)
    {
        Slot* slot = TakeVacant(cache, home);
        if (slot == null)
        {
            return null;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(magazine->SizeClass);
        slot->Start = BlockSource.TryAllocate(magazine->SizeClass);
        if (slot->Start == null)
        {
            ReturnVacant(slot);
            return null;
        }

        return slot;
    }

    private static unsafe Slot* TakeVacant(ThreadCache* cache, Magazine* home)
    {
        Slot* slot = cache->Vacant;
        if (slot == null)
        {
            slot = SlotTable.TakeList();
            if (slot == null)
            {
                return null;
            }
        }

        cache->Vacant = slot->Next;
        slot->Home = home;
        cache->Gate.Enter();
        cache->SlotsHeld++;
        cache->Gate.Leave();
        return slot;
    }

    /// <summary>This thread's cache, made when first needed; null when memory is exhausted.</summary>
    private static unsafe ThreadCache* Current()
    {
        Magazine* magazines = t_magazines;
        if (magazines != null)
        {
            return magazines->Cache;
        }

        ThreadCache* cache = ThreadCaches.TryRegister(Thread.CurrentThread);
        if (cache != null)
        {
            t_magazines = (Magazine*)&cache->Row;
        }

        return cache;
    }

    /// <summary>The magazine of a size class, which on first use asks the budget for room: for full lists, else for the hot block alone.</summary>
    /// <safety>The caller is this cache's thread.</safety>
    private unsafe Magazine* Opened(int sizeClass)
    {
        Magazine* magazine = (Magazine*)Unsafe.AsPointer(ref Row) + sizeClass;
        if (magazine->IsOpen)
        {
            return magazine;
        }

        long blockBytes = (long)SizeClasses.SizeOf(magazine->SizeClass);
        int capacity = (int)long.Clamp(128 * 1024 / blockBytes, 1, 64);
        if (TryReserve(((2 * capacity) + 1) * blockBytes))
        {
            magazine->Capacity = capacity;
            magazine->IsOpen = true;
        }
        else
        {
            magazine->IsOpen = TryReserve(blockBytes);
        }

        return magazine;
    }

    private bool TryReserve(long byteCount)
    {
        if (ReservedBytes + byteCount > CacheBudget.ThreadLimit || !CacheBudget.TryReserve(byteCount))
        {
            return false;
        }

        ReservedBytes += byteCount;
        return true;
    }

    /// <summary>A magazine for each size class.</summary>
    [InlineArray(SizeClasses.Count)]
    internal struct MagazineRow
    {
        private Magazine _first;
    }
}
