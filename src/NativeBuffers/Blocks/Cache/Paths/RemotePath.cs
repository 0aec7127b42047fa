using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of slots that one thread closes or frees for other threads: through its <see cref="Outbox"/>, to their homes.</summary>
internal static class RemotePath
{
    /// <summary>Whether a home is a bin of another thread, for a size class or its closed bin: not one of a pool's heap. It may be null.</summary>
    /// <safety>Bins are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsElsewhere(Bin* home) =>
        home != null && (IsKnownElsewhere(home) || (!HeapBin.Is(home) && !ThreadCache.IsHere(home, out _)));

    /// <summary>Whether the outbox of this thread knows that <see cref="IsElsewhere"/> is true. False says nothing.</summary>
    /// <remarks>The home's own thread writes to the home all the time. So a look at the home would cost both threads.</remarks>
    /// <safety>The pointer is compared, not followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsKnownElsewhere(Bin* home)
    {
        ThreadCache* cache = ThreadCache.CurrentOrNone;
        return cache != null && Outbox.Sends(&cache->Outbox, home);
    }

    /// <summary>Lists a slot for its home, in the outbox of this thread.</summary>
    /// <inheritdoc cref="Outbox.TryAdd" path="/param[@name='box' or @name='slot' or @name='home' or @name='sizeClass' or @name='heapId']|/safety"/>
    public static unsafe void Add(Outbox* box, Slot* slot, Bin* home, int sizeClass, ulong heapId = 0)
    {
        bool isListed = Outbox.TryAdd(box, slot, home, sizeClass, heapId, out RemoteBatch* other, out RemoteBatch* full);
        Send(other);
        Send(full);
        if (!isListed)
        {
            LeavePath.TakeAway(slot);
        }
    }

    /// <summary>Puts a close aside, in the outbox of this thread.</summary>
    /// <inheritdoc cref="Outbox.PutAside" path="/safety"/>
    public static unsafe void Close(Outbox* box, Slot* slot, Generation closing, Bin* home, nuint byteCount)
    {
        if (Outbox.PutAside(box, slot, closing, home, byteCount))
        {
            Settle(box);
        }
    }

    /// <summary>Settles the closes that wait, with one barrier.</summary>
    /// <safety>The outbox is this thread's, or its thread has ended.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void Settle(Outbox* box)
    {
        PendingClose* closes = stackalloc PendingClose[Outbox.MostCloses];
        Settle(closes, Outbox.TakeCloses(box, closes));
    }

    /// <summary>Gives blocks back that are not used, and leaves each used block to its last user.</summary>
    /// <remarks>
    /// All closes came before the barrier. So the look at the records after the barrier finds each borrow that began before its
    /// close: see <c>CloseProtocol</c>. The records of each thread are read once, however many blocks there are.
    /// </remarks>
    /// <safety>Slots are never unmapped. Each close is settled once. There are at most <see cref="Outbox.MostCloses"/>.</safety>
    public static unsafe void Settle(PendingClose* closes, int count)
    {
        if (count == 0)
        {
            return;
        }

        Interlocked.MemoryBarrierProcessWide();
        Slot** slots = stackalloc Slot*[Outbox.MostCloses];
        bool* isBorrowed = stackalloc bool[Outbox.MostCloses];
        Bin* last = null;
        for (int i = 0; i < count; i++)
        {
            slots[i] = closes[i].Slot;
            isBorrowed[i] = false;
            if (closes[i].Home != last)
            {
                // The home's thread may be just giving a slot back, without having seen the close: let it finish.
                last = closes[i].Home;
                last->Gate.WaitForOwner();
            }
        }

        BorrowRecords.FindBorrowed(slots, isBorrowed, count);
        for (int i = 0; i < count; i++)
        {
            Settle(closes[i], isBorrowed[i]);
        }
    }

    /// <summary>Settles and sends everything.</summary>
    /// <safety>The thread of the outbox has ended, and a barrier of the whole process came after.</safety>
    public static unsafe void Flush(Outbox* box)
    {
        Settle(box);
        for (int i = 0; i < Outbox.Places; i++)
        {
            Send(Outbox.TakeOpen(box, i));
        }
    }

    /// <summary>Settles the closes that threads have put aside, and sends the slots in all outboxes to their homes.</summary>
    /// <remarks>Call it before a count of the blocks in use.</remarks>
    public static void FlushOutboxes()
    {
        unsafe
        {
            // SAFETY: the list has each cache that was ever created, and ends with null. Caches are never unmapped. Visit enters by the gate.
            for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
            {
                Visit(cache);
            }

            // The slots of settled closes are in the outbox of this thread.
            _ = ThreadCache.Records(out Bin* mine);
            if (mine != null)
            {
                Visit(ThreadCache.Of(mine));
            }
        }
    }

    /// <summary>Takes the slots of a batch over, on the thread of their home, without an atomic operation.</summary>
    /// <remarks>
    /// This thread is inside, and stores the next generation. Each other thread that takes a remotely freed slot passes a barrier, waits until this
    /// thread is outside, and looks whether its compare-and-swap still holds. So the proof of <see cref="FreePath.TryReturnHere"/> holds here, too.
    /// </remarks>
    /// <param name="batch">The batch, which the caller has taken from the remote frees of the bin.</param>
    /// <param name="bin">The bin that the slots go to.</param>
    /// <param name="closed">The home of slots with blocks of this size that the bin does not take back; the bin itself if there is none.</param>
    /// <param name="taken">Gets one slot for the caller, if it is null.</param>
    /// <safety>The bins are this thread's, and the batch is the caller's. The taken slot and its block belong to the caller.</safety>
    public static unsafe void TakeBack(RemoteBatch* batch, Bin* bin, Bin* closed, ref Slot* taken)
    {
        Slot* first = taken;
        Slot** slots = RemoteBatch.Slots(batch);
        int count = batch->Count;
        for (int i = 0; i < count; i++)
        {
            // The processor fetches the lines of many stores at once.
            slots[i]->Touched = 0;
        }

        int floor = bin->Gate.Begin();
        for (int i = 0; i < count; i++)
        {
            Slot* slot = slots[i];
            Generation generation = slot->ReadGeneration();
            bool isTaken = generation.State == SlotState.RemotelyFreed && slot->Home == bin;
            if (isTaken)
            {
                slot->Generation = generation.Next;
                if (first == null)
                {
                    first = slot;
                    continue;
                }

                if (Bin.TryGiveInside(bin, slot, floor))
                {
                    continue;
                }
            }

            // The rest is done outside: it may wait for the threads that wait for this one.
            bin->Gate.Leave();
            if (isTaken)
            {
                FreePath.Return(slot, bin);
            }
            else
            {
                TakeBackSlow(slot, bin, closed, ref first);
            }

            floor = bin->Gate.Begin();
        }

        bin->Gate.Leave();
        taken = first;
    }

    /// <summary>Moves the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Drain(ThreadCache* cache, int sizeClass)
    {
        using (ThreadCaches.Lock.Enter())
        {
            // The thread that reclaims a cache takes its remote frees, too.
            if (!cache->IsReclaimed)
            {
                TakeRemoteFrees(cache, sizeClass);
            }
        }
    }

    /// <summary>Gives the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>The caller has the lock, or reclaims the cache.</safety>
    public static unsafe void TakeRemoteFrees(ThreadCache* cache, int sizeClass)
    {
        Slot** taken = stackalloc Slot*[RemoteFrees.MostTaken];
        Generation* closing = stackalloc Generation[RemoteFrees.MostTaken];
        RemoteBatch* batch = RemoteFrees.TakeAll(ThreadCache.FreesOf(cache, sizeClass));
        while (batch != null)
        {
            int count = RemoteFrees.TakeSlots(ref batch, BlockHeap.Default, taken, closing);
            for (int i = 0; i < count; i++)
            {
                LeavePath.TakeAwayUnlessReturned(taken[i], closing[i]);
            }
        }
    }

    /// <summary>Takes one listed slot over that has another home than the bin, or was not freed a moment ago.</summary>
    /// <inheritdoc cref="TakeBack" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void TakeBackSlow(Slot* slot, Bin* bin, Bin* closed, ref Slot* taken)
    {
        if (!RemoteFrees.TryTake(slot, out Generation closing))
        {
            return;
        }

        Bin* home = slot->Home;
        if (home == null || home->Cache != bin->Cache)
        {
            // The slot belongs to another thread by now, which may be just giving it back.
            Interlocked.MemoryBarrierProcessWide();
            LeavePath.TakeAwayUnlessReturned(slot, closing);
            return;
        }

        // A slot that was given back twice may have got a block of another size since it was listed.
        slot->Generation = closing.Next;
        if (taken == null
            && (home == bin || (home == closed && slot->Kind == SlotKind.Cached && slot->ByteCount == SizeClasses.SizeOf(bin->SizeClass))))
        {
            taken = slot;
        }
        else
        {
            FreePath.Return(slot, home);
        }
    }

    /// <summary>Settles and sends everything in the outbox of a cache.</summary>
    /// <safety>Caches are never unmapped.</safety>
    private static unsafe void Visit(ThreadCache* cache)
    {
        if (cache->Outbox.IsEmpty)
        {
            return;
        }

        PendingClose* closes = stackalloc PendingClose[Outbox.MostCloses];
        RemoteBatch** open = stackalloc RemoteBatch*[Outbox.Places];
        new Span<nint>(open, Outbox.Places).Clear();
        int count = Outbox.TakeAll(&cache->Outbox, ThreadCaches.Lock, &cache->IsReclaimed, closes, open);

        // Not under the lock: the settlement may call the program's allocators.
        Settle(closes, count);
        for (int i = 0; i < Outbox.Places; i++)
        {
            Send(open[i]);
        }
    }

    /// <summary>Sends a batch to its home. Null is ignored.</summary>
    /// <safety>The caller gives up the batch. Homes are never unmapped.</safety>
    private static unsafe void Send(RemoteBatch* batch)
    {
        if (batch == null)
        {
            return;
        }

        if (batch->HeapId != 0)
        {
            PoolFreePath.Send(batch);
            return;
        }

        int sizeClass = batch->SizeClass;
        ThreadCache* home = ThreadCache.Of(batch->Home);
        bool fits = CacheLimits.TryQueue(batch->ByteCount);
        int depth = RemoteFrees.Push(ThreadCache.FreesOf(home, sizeClass), batch);
        if (!fits || depth >= Outbox.MostRemote(sizeClass))
        {
            Drain(home, sizeClass);
        }
    }

    /// <inheritdoc cref="Settle(PendingClose*, int)" path="/safety"/>
    private static unsafe void Settle(PendingClose close, bool isBorrowed)
    {
        Slot* slot = close.Slot;
        if (slot->ReadGeneration() != close.Closing)
        {
            // The home's thread has given the slot back at the same time, and its store came last.
            return;
        }

        if (isBorrowed || Volatile.Read(ref SlotTable.PinsOf(slot)) != 0)
        {
            FreePath.LeaveToLastUse(slot, close.Closing);
        }
        else if (IsElsewhere(close.Home))
        {
            // The home's thread has been outside since the barrier, or has seen the close. So no thread but this one moves the slot on.
            FreePath.FreeElsewhere(slot, close.Closing, close.Home, slot->ByteCount);
        }
        else
        {
            FreePath.ReturnClosed(slot, close.Closing, close.Home);
        }
    }
}
