using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The slots that one thread has freed for other homes, until they are sent there; and its closes that wait for a barrier.</summary>
/// <remarks>
/// <para><b>Frees.</b> A slot of another thread's home is listed in a <see cref="RemoteBatch"/> for that home and size. The batch goes to
/// the home when it is full. So one atomic operation on memory that both threads write serves many slots. A few batches are open at one
/// time, each in the place of its home. If two homes share a place, the first batch goes before it is full.</para>
/// <para><b>Closes.</b> The thread that closes a borrowed block of another thread must pass a barrier in every core before it looks
/// for users (<c>CloseProtocol</c>). The slot is closing from the first moment, so new uses are refused. The barrier and the look at
/// the users may come later, and one barrier serves all closes that came before it. So closes are put aside here, at most
/// <see cref="MostCloses"/> or <see cref="MostCloseBytes"/>, and then settled together (<see cref="Paths.RemotePath.Settle(Outbox*)"/>). Put aside are only
/// cached blocks without pins: no program sees when these are freed.</para>
/// <para><b>Access.</b> The thread and a visitor (<see cref="TakeAll"/>) take turns at the visit gate. The stack of returned batches is for any
/// thread, with atomic operations.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Outbox
{
    /// <summary>The most closes that wait.</summary>
    public const int MostCloses = 64;

    /// <summary>The bytes at which the closes are settled, however few they are.</summary>
    private const long MostCloseBytes = 256 * 1024;

    /// <summary>The number of batches that are open at one time; a power of two.</summary>
    public const int Places = 4;

    /// <summary>The thread is inside while it uses what is listed here.</summary>
    private VisitGate _gate;

    private int _closeCount;
    private long _closeBytes;
    private PlaceRow _open;

    /// <summary>Empty batches, for this thread's next slots.</summary>
    private unsafe RemoteBatch* _empty;

    private CloseRow _closes;
    private readonly LinePadding _padding;

    /// <summary>Empty batches that receivers have given back.</summary>
    private unsafe RemoteBatch* _returned;

    /// <summary>The bytes of the slots that are listed here: a good guess while the thread works.</summary>
    public readonly long ByteCount
    {
        get
        {
            long sum = 0;
            unsafe
            {
                // SAFETY: batches are never unmapped. The thread may change the counts now, so this is a guess.
                foreach (nint place in _open)
                {
                    sum += place == 0 ? 0 : ((RemoteBatch*)place)->ByteCount;
                }
            }

            return sum;
        }
    }

    /// <summary>Whether there is nothing to send or to settle.</summary>
    public readonly bool IsEmpty => Volatile.Read(in _closeCount) == 0 && !((ReadOnlySpan<nint>)_open).ContainsAnyExcept(0);

    /// <summary>The number of remote frees at which the freeing thread empties the list itself: 1 MiB of blocks, but 8 to 1024.</summary>
    public static int MostRemote(int sizeClass) => (int)long.Clamp(1024 * 1024 / (long)SizeClasses.SizeOf(sizeClass), 8, 1024);

    /// <summary>Lists a slot for its home; false if memory is exhausted, and then the slot is not listed.</summary>
    /// <param name="box">The outbox.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="home">Its home.</param>
    /// <param name="sizeClass">The size class of its block.</param>
    /// <param name="heapId">The identity of the pool's heap that the block is from, which has queued the block already; 0 if none.</param>
    /// <param name="other">A batch that gave its place up, to be sent; or null.</param>
    /// <param name="full">A batch that is full, to be sent; or null.</param>
    /// <safety>The outbox is this thread's. The slot was remotely freed by the caller, and had this home and a block of this size.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryAdd(
        Outbox* box, Slot* slot, Bin* home, int sizeClass, ulong heapId, out RemoteBatch* other, out RemoteBatch* full)
    {
        other = null;
        full = null;
        box->_gate.Enter();
        ref nint place = ref box->_open[PlaceOf(home)];
        var batch = (RemoteBatch*)place;
        if (batch == null || batch->Home != home || batch->SizeClass != sizeClass || batch->HeapId != heapId)
        {
            other = batch;
            batch = TakeEmpty(box);
            place = (nint)batch;
            if (batch != null)
            {
                RemoteBatch.Address(batch, home, sizeClass, heapId, mayWait: heapId != 0 || CacheLimits.MayQueue(RemoteBatch.MostBytes));
            }
        }

        if (batch != null)
        {
            RemoteBatch.Slots(batch)[batch->Count++] = slot;
            if (batch->Count >= batch->Limit)
            {
                full = batch;
                place = 0;
            }
        }

        box->_gate.Leave();
        return batch != null;
    }

    /// <summary>Whether a batch for this home is open, or was a moment ago, and is not of a pool's heap.</summary>
    /// <remarks>
    /// A batch's home was a bin of another thread when this thread gave it to the batch. If this thread has taken over that bin since, with the cache
    /// of an ended thread, its blocks go through the outbox too. That costs time only. A home of a cache stays with the cache.
    /// </remarks>
    /// <safety>The outbox is this thread's. Batches are never unmapped: a visitor may be taking this one. The home is compared, not followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool Sends(Outbox* box, Bin* home)
    {
        var batch = (RemoteBatch*)box->_open[PlaceOf(home)];
        return batch != null && batch->Home == home && batch->HeapId == 0;
    }

    /// <summary>Puts a close aside.</summary>
    /// <returns>Whether the closes must be settled now.</returns>
    /// <safety>
    /// The outbox is this thread's. The caller has moved the slot to this generation, by an atomic operation, and has seen no pins
    /// afterwards. The slot had this home, of any thread, and a cached block of this size.
    /// </safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool PutAside(Outbox* box, Slot* slot, Generation closing, Bin* home, nuint byteCount)
    {
        box->_gate.Enter();
        int count = box->_closeCount;
        box->_closes[count] = new PendingClose { Slot = slot, Closing = closing, Home = home };
        box->_closeBytes += (long)byteCount;
        Volatile.Write(ref box->_closeCount, count + 1);
        bool isFull = count + 1 == MostCloses || box->_closeBytes >= MostCloseBytes;
        box->_gate.Leave();
        return isFull;
    }

    /// <summary>Takes the closes that wait.</summary>
    /// <returns>Their number.</returns>
    /// <safety>The outbox is this thread's, or its thread has ended. There is room for <see cref="MostCloses"/>.</safety>
    public static unsafe int TakeCloses(Outbox* box, PendingClose* closes)
    {
        box->_gate.Enter();
        int count = box->TakeCloses(closes);
        box->_gate.Leave();
        return count;
    }

    /// <summary>Takes an open batch; null if there is none in that place.</summary>
    /// <safety>The caller is inside, or a visitor while the thread is outside, or the thread has ended.</safety>
    public static unsafe RemoteBatch* TakeOpen(Outbox* box, int place)
    {
        var batch = (RemoteBatch*)box->_open[place];
        box->_open[place] = 0;
        return batch;
    }

    /// <summary>Takes the closes and the batches of a thread that works.</summary>
    /// <param name="box">The outbox.</param>
    /// <param name="visitorLock">The lock of visitors, which also keeps the thread's end from being noticed.</param>
    /// <param name="isReclaimed">True if another thread empties the outbox, because its thread has ended. Read under the lock.</param>
    /// <param name="closes">Room for <see cref="MostCloses"/>.</param>
    /// <param name="open">Room for <see cref="Places"/>, all null.</param>
    /// <returns>The number of closes.</returns>
    /// <safety>The outbox is never unmapped. The closes and the batches are the caller's.</safety>
    public static unsafe int TakeAll(Outbox* box, UninterruptedLock visitorLock, bool* isReclaimed, PendingClose* closes, RemoteBatch** open)
    {
        using (visitorLock.Enter())
        {
            if (*isReclaimed)
            {
                return 0;
            }

            box->_gate.Announce();
            Interlocked.MemoryBarrierProcessWide();
            box->_gate.WaitForOwner();
            int count = box->TakeCloses(closes);
            for (int i = 0; i < Places; i++)
            {
                open[i] = TakeOpen(box, i);
            }

            box->_gate.EndVisit();
            return count;
        }
    }

    /// <summary>Gives a batch back to its sender, after its slots were taken.</summary>
    /// <returns>The next batch of the list.</returns>
    /// <safety>The batch comes from <see cref="RemoteFrees.TakeAll"/>, and is no longer the caller's.</safety>
    public static unsafe RemoteBatch* GiveBack(RemoteBatch* batch)
    {
        RemoteBatch* next = batch->Next;
        RemoteBatch.Push(ref *(nint*)&((Outbox*)batch->Sender)->_returned, batch);
        return next;
    }

    /// <safety>The home is not followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe int PlaceOf(Bin* home) => (int)(((nuint)home / (nuint)sizeof(Bin)) & (Places - 1));

    /// <safety>The caller is inside. The batch belongs to the caller.</safety>
    private static unsafe RemoteBatch* TakeEmpty(Outbox* box)
    {
        RemoteBatch* batch = box->_empty;
        if (batch == null)
        {
            batch = (RemoteBatch*)Interlocked.Exchange(ref *(nint*)&box->_returned, 0);
            if (batch == null)
            {
                return RemoteBatch.TryCreate(box);
            }
        }

        box->_empty = batch->Next;
        return batch;
    }

    /// <summary>Moves the closes to the caller's memory.</summary>
    /// <safety>The caller is inside, or a visitor while the thread is outside. There is room for <see cref="MostCloses"/>.</safety>
    private unsafe int TakeCloses(PendingClose* closes)
    {
        int count = _closeCount;
        ((ReadOnlySpan<PendingClose>)_closes)[..count].CopyTo(new Span<PendingClose>(closes, count));
        _closeCount = 0;
        _closeBytes = 0;
        return count;
    }

    [InlineArray(Places)]
    private struct PlaceRow
    {
        private nint _first;
    }

    [InlineArray(MostCloses)]
    private struct CloseRow
    {
        private PendingClose _first;
    }
}
