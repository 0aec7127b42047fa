using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of every block that is given back: fast and inlined, then slow, instrumented, or from another thread.</summary>
/// <remarks>
/// The fast path makes the slot the hot one of its home. The slow paths put it into a magazine or the depot, or free its block.
/// A thread that the home does not belong to lists the slot in its <see cref="Outbox"/>, which sends it to the home's
/// <see cref="RemoteFrees"/>.
/// </remarks>
internal static class FreePath
{
    /// <summary>The most vacant slots of a thread. With one more, all go back to the table: slots pile up where threads only free.</summary>
    private const int MostVacant = 64;

    /// <summary>Gives a slot back with its block.</summary>
    /// <safety>The slot belongs to the caller, on this thread. It has this home, and its generation was moved on before.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Return(Slot* slot, Bin* home)
    {
        if (home->Hot == null)
        {
            home->Hot = slot;
        }
        else
        {
            ReturnSlow(home, slot);
        }
    }

    /// <summary>
    /// Gives a slot back to the magazines of its home, without an atomic operation. False if the slot is not in this state, or if the block is in
    /// use, and then nothing has changed.
    /// </summary>
    /// <remarks>The fast paths take the hot place of the home alone. This is for a program that gives back many blocks in a row.</remarks>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state open.</param>
    /// <param name="home">Its home in that generation: a bin of this thread for a size class.</param>
    /// <param name="state">Open for a rented buffer, whose uses begin with another state. Biased for all others.</param>
    /// <safety>Slots are never unmapped. The slot was the caller's in this generation, perhaps long ago.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryReturnHere(Slot* slot, Generation opened, Bin* home, SlotState state)
    {
        int floor = home->Gate.Begin();
        if (!slot->ReadGeneration().Is(state, opened)
            || slot->Home != home
            || (state == SlotState.Biased && (Volatile.Read(ref SlotTable.PinsOf(slot)) != 0 || BorrowRecords.NameHere(ThreadCache.Records(out _), slot))))
        {
            home->Gate.Leave();
            return false;
        }

        slot->StayedAtHome();
        slot->Generation = opened.Next;
        bool given = Bin.TryGiveInside(home, slot, floor);
        home->Gate.Leave();
        if (!given)
        {
            ReturnSlowest(home, slot);
        }

        return true;
    }

    /// <summary>
    /// Gives an open slot back by one atomic operation, on a thread that its home does not belong to. False in all other cases, and then nothing
    /// has changed.
    /// </summary>
    /// <remarks>
    /// <para>While a rented buffer is open, it has no borrow and no pin. So this thread need not close the slot before it looks for them.</para>
    /// <para>An owner may be pinned while it is open. So this thread closes it, and looks. The home never gives an owner back from that state by a plain
    /// store. So only this thread moves the slot on from closing, and it needs no second atomic operation.</para>
    /// </remarks>
    /// <param name="slot">The slot.</param>
    /// <param name="opened">Its generation, in the state open.</param>
    /// <param name="isRented">True for a rented buffer, false for an owner.</param>
    /// <safety>Slots are never unmapped. The slot was the caller's in this generation, in the state open, perhaps long ago.</safety>
    public static unsafe bool TryReturnElsewhere(Slot* slot, Generation opened, bool isRented)
    {
        if (!slot->ReadGeneration().Is(SlotState.Open, opened))
        {
            return false;
        }

        // Read after the generation. So both are those of this generation if it is still open at the move.
        Bin* home = slot->Home;
        nuint byteCount = slot->ByteCount;
        if (slot->Kind != SlotKind.Cached
            || !RemotePath.IsElsewhere(home)
            || !slot->TryMove(opened, SlotState.Open, isRented ? SlotState.RemotelyFreed : SlotState.Closing))
        {
            return false;
        }

        slot->LeftHome();
        if (isRented)
        {
            List(slot, home, byteCount);
        }
        else if (Volatile.Read(ref SlotTable.PinsOf(slot)) == 0)
        {
            FreeElsewhere(slot, opened.With(SlotState.Closing), home, byteCount);
        }
        else
        {
            LeaveToLastUse(slot, opened.With(SlotState.Closing));
        }

        return true;
    }

    /// <summary>Frees a closing slot for its home, without an atomic operation.</summary>
    /// <safety>
    /// The caller has closed the slot, which has this home, of another thread, and a cached block of this size. The block has no user. The home's thread
    /// is not about to give the slot back.
    /// </safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void FreeElsewhere(Slot* slot, Generation closing, Bin* home, nuint byteCount)
    {
        slot->WriteGeneration(closing.With(SlotState.RemotelyFreed));
        List(slot, home, byteCount);
    }

    /// <summary>Leaves a closing slot to the thread that ends the last use of its block.</summary>
    /// <safety>The caller has moved the slot to this generation, and has seen a use afterwards.</safety>
    public static unsafe void LeaveToLastUse(Slot* slot, Generation closing)
    {
        if (slot->TryMove(closing, closing.With(SlotState.ClosePending)))
        {
            // The last use may have ended just before, and its thread may have seen that the closing was still going on.
            TryFinish(slot);
        }
    }

    /// <summary>Lists a slot for its home.</summary>
    /// <safety>The slot is never unmapped. It had this home and size when this thread moved it to <see cref="SlotState.RemotelyFreed"/>.</safety>
    public static unsafe void List(Slot* slot, Bin* home, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache != null)
        {
            RemotePath.Add(&cache->Outbox, slot, home, SizeClasses.Of(byteCount));
        }
        else
        {
            LeavePath.TakeAway(slot);
        }
    }

    /// <summary>Gives a closing slot back, on any thread.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="closing">Its generation.</param>
    /// <param name="home">
    /// Its home in that generation, read before the slot was closing. The home's thread may be giving the slot back at the same time,
    /// and then home and kind may be different now.
    /// </param>
    /// <param name="isHere">Whether the home belongs to this thread.</param>
    /// <safety>The caller has closed the slot, and the block has no user.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void ReturnClosed(Slot* slot, Generation closing, Bin* home, bool isHere)
    {
        if (isHere)
        {
            slot->StayedAtHome();
            slot->Generation = closing.Next;
            Return(slot, home);
        }
        else if (home != &ThreadCache.Of(home)->Closed || slot->Kind == SlotKind.Cached)
        {
            ReturnRemotely(slot, closing, home);
        }
        else if (slot->Kind == SlotKind.Large)
        {
            LargePath.ReturnElsewhere(slot);
        }
        else
        {
            Uncached.FreeElsewhere(slot);
        }
    }

    /// <inheritdoc cref="ReturnClosed(Slot*, Generation, Bin*, bool)"/>
    public static unsafe void ReturnClosed(Slot* slot, Generation closing, Bin* home) =>
        ReturnClosed(slot, closing, home, ThreadCache.IsHere(home, out _));

    /// <summary>
    /// Gives the block back if its slot is <see cref="SlotState.ClosePending"/> and no thread uses it any more. Call it after the end of a
    /// use.
    /// </summary>
    /// <safety>Slots are never unmapped. A full barrier came after the end of the caller's use, so that every thread sees the end.</safety>
    public static unsafe void TryFinish(Slot* slot)
    {
        Generation generation = slot->ReadGeneration();
        Bin* home = slot->Home;
        if (generation.State == SlotState.ClosePending
            && Volatile.Read(ref SlotTable.PinsOf(slot)) == 0
            && !BorrowRecords.NameAnywhere(slot)
            && slot->TryMove(generation, generation.With(SlotState.Closing)))
        {
            ReturnClosed(slot, generation.With(SlotState.Closing), home);
        }
    }

    /// <summary>Puts a block into a vacant slot, and gives both back; false if there is no vacant slot.</summary>
    /// <safety>The block is the caller's to give up, and <see cref="Detach"/> took it from a slot of this size, on any thread.</safety>
    public static unsafe bool TryAttach(void* block, nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return false;
        }

        Bin* bin = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = AllocatePath.TakeVacant(cache, bin->HasRoom ? bin : &cache->Closed);
        if (slot == null)
        {
            return false;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(bin->SizeClass);
        slot->Start = (byte*)block;
        Return(slot, slot->Home);
        return true;
    }

    /// <summary>Takes the block out of a slot, which becomes vacant.</summary>
    /// <safety>The slot came from this thread's <see cref="AllocatePath.TryTakeCached"/>. The block belongs to the caller now.</safety>
    public static unsafe void* Detach(Slot* slot)
    {
        // This use of the block is counted here: its end moves no generation.
        void* block = slot->Start;
        ThreadCache* cache = ThreadCache.Of(slot->Home);
        slot->Start = null;
        cache->Counts.Settle(slot, more: 1);
        ReturnVacant(slot);
        return block;
    }

    /// <summary>Gives a slot without a block back.</summary>
    /// <safety>The slot belongs to the caller, and its home to this thread.</safety>
    public static unsafe void ReturnVacant(Slot* slot)
    {
        ThreadCache* cache = ThreadCache.Of(slot->Home);
        slot->Home = null;
        slot->Start = null;
        cache->Counts.Settle(slot);
        cache->SlotsHeld--;
        SlotTable.Link(ref cache->Vacant, slot);
        if (++cache->VacantCount > MostVacant)
        {
            GiveVacant(cache);
        }
    }

    /// <summary>Gives the vacant slots of this thread to the table, and those that it keeps for chosen allocators: one of them keeps a whole slab.</summary>
    public static void FlushVacant()
    {
        unsafe
        {
            // SAFETY: the cache is this thread's, or null, and no other thread uses its vacant slots. Caches are never unmapped.
            ThreadCache* cache = ThreadCache.CurrentOrNone;
            if (cache != null)
            {
                Uncached.ForgetKept(cache);
                GiveVacant(cache);
            }
        }
    }

    /// <summary>Gives the vacant slots of a cache to the table.</summary>
    /// <safety>The cache belongs to this thread, or to one that has ended.</safety>
    public static unsafe void GiveVacant(ThreadCache* cache)
    {
        SlotTable.GiveList(cache->Vacant);
        cache->Vacant = null;
        cache->VacantCount = 0;
    }

    /// <summary>Frees a block that no cache keeps, and gives its slot back.</summary>
    /// <safety>The slot belongs to the caller, and its home to this thread.</safety>
    public static unsafe void ReturnUncached(Slot* slot)
    {
        try
        {
            Uncached.Free(slot);
        }
        finally
        {
            ReturnVacant(slot);
        }
    }

    /// <summary>The slow path: the home has a hot slot, or takes no block.</summary>
    /// <remarks>Its calls are the last thing it does, so the JIT saves no registers for them.</remarks>
    /// <inheritdoc cref="Return" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnSlow(Bin* home, Slot* slot)
    {
        if (InstrumentationSwitch.IsOn && InstrumentedPath.IsOf(slot))
        {
            InstrumentedPath.Return(slot, AllocationSite.Take());
            return;
        }

        if (slot->Kind is SlotKind.Cached or SlotKind.Pooled)
        {
            if (!Bin.TryGive(home, slot))
            {
                ReturnSlowest(home, slot);
            }
        }
        else if (slot->Kind == SlotKind.Charged)
        {
            ChargedPath.Return(home, slot);
        }
        else if (slot->Kind == SlotKind.Foreign)
        {
            Uncached.FreeHere(slot);
        }
        else
        {
            LargePath.Return(home, slot);
        }
    }

    /// <inheritdoc cref="Return" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnSlowest(Bin* home, Slot* slot)
    {
        if (slot->Kind == SlotKind.Pooled)
        {
            PoolFreePath.ReturnSlow(home, slot);
            return;
        }

        if (slot->Kind != SlotKind.Cached)
        {
            ReturnUncached(slot);
            return;
        }

        if (home->TrySwap(wanted: false) && Bin.TryGive(home, slot))
        {
            return;
        }

        // Both magazines are full: the older one goes to the depot. Or the bin is closed: this block alone goes.
        ThreadCache* cache = ThreadCache.Of(home);
        Depot depot = Depot.For(SizeClasses.Of(slot->ByteCount));
        Magazine* empty = home->HasRoom ? depot.TryTakeEmpty() : null;
        if (empty == null)
        {
            cache->SlotsHeld--;
            depot.GiveOne(slot);
            return;
        }

        Magazine* full = home->Push(empty);
        cache->SlotsHeld -= full->Count;
        depot.Give(full);
        ReturnSlow(home, slot);
    }

    /// <safety>The closing slot belongs to the caller, and has a cached block. Its home belongs to another thread.</safety>
    private static unsafe void ReturnRemotely(Slot* slot, Generation closing, Bin* home)
    {
        if (HeapBin.Is(home))
        {
            PoolFreePath.ReturnRemotely(slot, closing, home);
            return;
        }

        // Read before the move: the home's thread may be giving the slot back at the same time, and then moves it on.
        nuint byteCount = slot->ByteCount;
        if (slot->TryMove(closing, closing.With(SlotState.RemotelyFreed)))
        {
            List(slot, home, byteCount);
        }
    }
}
