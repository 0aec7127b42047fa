using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of slots that one thread closes or frees for other threads: through its <see cref="Outbox"/>, to their homes.</summary>
internal static class RemotePath
{
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
            // SAFETY: caches are never unmapped.
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

    /// <summary>Moves the remote frees of a cache, of one size, to the depot.</summary>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Drain(ThreadCache* cache, int sizeClass)
    {
        using (ThreadCaches.Gate.Enter())
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
        int count = Outbox.TakeAll(&cache->Outbox, ThreadCaches.Gate, &cache->IsReclaimed, closes, open);

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

        if (!isBorrowed && Volatile.Read(ref SlotTable.PinsOf(slot)) == 0)
        {
            FreePath.ReturnClosed(slot, close.Closing, close.Home);
        }
        else if (slot->TryMove(close.Closing, close.Closing.With(SlotState.ClosePending)))
        {
            // The last use may have ended just before, and its thread has seen that the close was still going on.
            FreePath.TryFinish(slot);
        }
    }
}
