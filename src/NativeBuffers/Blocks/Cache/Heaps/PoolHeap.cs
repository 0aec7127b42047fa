using System.Runtime.ExceptionServices;
using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The heap of one pool: its limit, its depots, and the bins of all threads that use it.</summary>
/// <remarks>
/// <para>A thread has its own bins for each heap (<see cref="HeapBins"/>). When the thread first uses a size, its bin reserves room for all
/// that it may ever hold. So no block has to be counted when it comes back, and the limit is never passed. All bins together reserve at
/// most half of the limit, and one bin a sixteenth: the depots share the rest block by block.</para>
/// <para>Blocks above 256 KiB lie in depots only, one block a magazine.</para>
/// <para>A heap ends when its pool was closed and its last slot is vacant (<see cref="PoolHeaps"/>). No lock of the library is held while
/// the pool's allocator is called, because that may be code of the program.</para>
/// </remarks>
internal sealed class PoolHeap : BlockHeap
{
    /// <summary>The largest block that is kept, in bytes.</summary>
    public const uint Largest = 1 << 30;

    /// <summary>The lock of visitors, and of the list of sets.</summary>
    private readonly UninterruptedLock _lock = new();
    private readonly HeapDepots _depots;
    private HeapLimit _limit;
    private unsafe HeapBins* _sets;
    private long _slotCount = 1;
    private int _isClosed;

    /// <param name="allocator">The allocator of bare blocks of the heap. Its inner allocator is the source of all blocks.</param>
    /// <param name="limit">The most bytes that are kept.</param>
    public PoolHeap(NativeAllocator allocator, long limit)
    {
        Allocator = allocator;
        _depots = new HeapDepots(this);
        _limit = new HeapLimit(limit);
        PoolHeaps.Add(this);
    }

    /// <summary>The allocator of bare blocks of this heap.</summary>
    public NativeAllocator Allocator { get; }

    /// <summary>The place of this heap in the tables of threads, until the heap ends.</summary>
    public int Number { get; private set; }

    /// <summary>The identity of this heap.</summary>
    public ulong Id { get; private set; }

    /// <summary>Whether the pool was closed. The blocks that are still in use are freed when they come back.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>The bytes that bins, depots and remote frees have reserved: an upper bound of the kept bytes.</summary>
    public long ReservedBytes => _limit.ReservedBytes;

    /// <summary>The bytes that are kept; a good guess while threads work.</summary>
    public long CachedBytes
    {
        get
        {
            long sum = _limit.QueuedBytes + _depots.ByteCount;
            using (_lock.Enter())
            {
                unsafe
                {
                    // SAFETY: sets are never unmapped, and the list has a lock. Threads may change the counts now, so this is a guess.
                    for (HeapBins* set = _sets; set != null; set = set->NextOfHeap)
                    {
                        for (int i = 0; i < SizeClasses.Count; i++)
                        {
                            sum += HeapBin.CountOf(HeapBins.At(set, (uint)i)) * (long)SizeClasses.SizeOf(i);
                        }
                    }
                }
            }

            return sum;
        }
    }

    /// <summary>Notes the number and the identity of this heap.</summary>
    public void Identify(int number, ulong id) => (Number, Id) = (number, id);

    /// <inheritdoc/>
    public override bool TryReserve(long byteCount) => !IsClosed && _limit.TryReserve(byteCount);

    /// <inheritdoc/>
    public override void Release(long byteCount) => _limit.Release(byteCount);

    /// <summary>Reserves room for the remote free of one block; false if the heap may not keep it.</summary>
    public bool TryQueue(long byteCount) => !IsClosed && _limit.TryQueue(byteCount);

    /// <inheritdoc/>
    /// <remarks>Two returns at the same moment can leave a batch of another heap here. It changes nothing.</remarks>
    public override unsafe void Dequeue(RemoteBatch* batch) => _limit.Dequeue(batch->HeapId == Id ? batch->ByteCount : 0);

    /// <inheritdoc/>
    public override unsafe Magazine* TryMakeMagazine(int capacity) => SpareMagazines.TryTake(capacity);

    /// <summary>Counts a slot that gets a block of this heap, or holds the heap in the same way; false if the heap has ended.</summary>
    /// <remarks>Next: <see cref="RemoveSlots"/>. In between, the heap does not end, and no other heap gets its number.</remarks>
    public bool TryAddSlot()
    {
        long count = Volatile.Read(ref _slotCount);
        while (count != 0)
        {
            long before = Interlocked.CompareExchange(ref _slotCount, count + 1, count);
            if (before == count)
            {
                return true;
            }

            count = before;
        }

        return false;
    }

    /// <summary>Counts slots that have no block of this heap any more. The last one of a closed pool ends the heap.</summary>
    public void RemoveSlots(long count)
    {
        if (count != 0 && Interlocked.Add(ref _slotCount, -count) == 0)
        {
            End();
        }
    }

    /// <summary>The depot of a size class, made if need be; null when memory is exhausted.</summary>
    public Depot? DepotFor(int sizeClass) => _depots.For(sizeClass, _limit.CapacityOf(sizeClass));

    /// <summary>The bins of a thread, made if need be; null when memory is exhausted, after the heap's end, or if its blocks are instrumented.</summary>
    /// <safety>The cache is the caller's thread's.</safety>
    public unsafe HeapBins* BinsFor(ThreadCache* cache)
    {
        HeapBins* set = ThreadCache.BinsOf(&cache->Closed, Number, Id);

        // After the end of this heap, the place of its number perhaps has the bins of another heap.
        if (set == null && !cache->IsAside && TryAddSlot())
        {
            set = HeapBins.TryMake(cache, Number);
            if (set != null)
            {
                using (_lock.Enter())
                {
                    set->NextOfHeap = _sets;
                    _sets = set;
                    Volatile.Write(ref set->HeapId, Id);
                }
            }

            RemoveSlots(1);
        }

        return set;
    }

    /// <summary>Gives a bin its magazines, if the heap has room for all that the bin may hold.</summary>
    /// <safety>The bin is this heap's and this thread's, and has no room.</safety>
    public unsafe void Open(HeapBin* bin)
    {
        int sizeClass = bin->Bin.SizeClass;
        if (DepotFor(sizeClass) is { } depot && !IsClosed && _limit.TryReserveRoom(sizeClass))
        {
            if (depot.TryTakePair(out Magazine* loaded, out Magazine* previous))
            {
                HeapBin.Open(bin, loaded, previous);
            }
            else
            {
                ReleaseRoom(sizeClass);
            }

            Settle();
        }
    }

    /// <summary>Keeps a block in a depot, or frees it.</summary>
    /// <safety>The slot is the caller's to give up, has a block of this heap, and no home.</safety>
    public unsafe void Keep(Slot* slot)
    {
        if (TryKeep(slot))
        {
            Settle();
        }
        else
        {
            FreeOne(slot);
        }
    }

    /// <summary>Keeps a block in a depot; false if the block must be freed. The slot has no home afterwards.</summary>
    /// <safety>The slot is the caller's to give up if this is true. It has a block of this heap. Next: <see cref="Settle"/>.</safety>
    public unsafe bool TryKeep(Slot* slot) =>
        slot->ByteCount <= Largest && _depots.Find(slot->ByteCount) is { } depot && depot.TryGiveOne(slot);

    /// <summary>Frees the block that was just kept if the pool was closed in between: the closing thread perhaps emptied the bins before.</summary>
    public void Settle()
    {
        Interlocked.MemoryBarrier();
        if (IsClosed)
        {
            Trim();
        }
    }

    /// <summary>Frees all blocks that are kept.</summary>
    public void Trim()
    {
        Upkeep.FlushOutboxes();
        Empty(idleOnly: false);
    }

    /// <summary>Frees the blocks that were not used since the last full collection, or all free blocks when memory is short.</summary>
    public void AfterFullCollection(bool isMemoryShort) => Empty(idleOnly: !isMemoryShort);

    /// <summary>Frees all blocks that are kept, and keeps none from now on.</summary>
    public void Close()
    {
        bool isFirst = Interlocked.Exchange(ref _isClosed, 1) == 0;
        try
        {
            Trim();
        }
        finally
        {
            RemoveSlots(isFirst ? 1 : 0);
        }
    }

    /// <summary>Moves the blocks of a thread that has ended to the depots. The thread's cache keeps the bins, for the next thread.</summary>
    /// <safety>The thread of the set has ended, and a barrier of the whole process came after.</safety>
    public unsafe void Leave(HeapBins* set)
    {
        Magazine* left = null;
        Slot* slots = null;
        using (_lock.Enter())
        {
            for (int i = 0; i < SizeClasses.Count; i++)
            {
                HeapBin* bin = HeapBins.At(set, (uint)i);
                if (bin->Bin.HasRoom)
                {
                    HeapVisit.Close(this, bin, ref left, ref slots);
                }
            }
        }

        _depots.GiveList(left);
        HeapVisit.TakeRemoteFrees(this, set, ref slots);
        KeepAll(slots);
        Settle();
    }

    /// <inheritdoc/>
    public override unsafe void Free(Magazine* magazine)
    {
        Slot* slots = null;
        while (magazine->Count > 0)
        {
            Slot* slot = Magazine.Slots(magazine)[--magazine->Count];
            slot->Next = slots;
            slots = slot;
        }

        FreeAll(slots);
    }

    /// <inheritdoc/>
    public override unsafe void FreeOne(Slot* slot)
    {
        slot->Next = null;
        FreeAll(slot);
    }

    /// <summary>Frees the blocks of a list of slots, which become vacant.</summary>
    /// <safety>The slots are the caller's to give up, have blocks of this heap, and no home.</safety>
    public unsafe void FreeAll(Slot* slots)
    {
        Slot* vacant = null;
        long count = 0;
        Exception? thrown = null;
        while (slots != null)
        {
            Slot* slot = slots;
            slots = slot->Next;
            var block = new Block(slot->Start, slot->ByteCount);
            slot->Start = null;
            AllocationCounts.SettleElsewhere(slot);
            SlotTable.Link(ref vacant, slot);
            count++;
            try
            {
                FreeBlock(block);
            }
            catch (Exception exception)
            {
                // The program's own allocator threw. The other blocks must be freed first.
                thrown ??= exception;
            }
        }

        SlotTable.GiveList(vacant);
        RemoveSlots(count);
        if (thrown is not null)
        {
            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    /// <summary>Gives a block to the source.</summary>
    /// <safety>The block is the caller's to give up, and came from the source with this size.</safety>
    public unsafe void FreeBlock(Block block) => Allocator.Inner.GiveBack(block.Start, block.ByteCount, Layout.DefaultAlignment);

    /// <summary>Gives the room of a closed bin back.</summary>
    public void ReleaseRoom(int sizeClass) => _limit.ReleaseRoom(sizeClass);

    private void Empty(bool idleOnly)
    {
        if (!TryAddSlot())
        {
            return;
        }

        try
        {
            unsafe
            {
                // SAFETY: the slots and magazines that a visit takes are this call's. The heap does not end now, so the list of sets only grows.
                Magazine* taken = null;
                Slot* slots = null;
                HeapBins* sets;
                using (_lock.Enter())
                {
                    sets = _sets;
                    HeapVisit.Visit(this, sets, idleOnly, ref taken, ref slots);
                }

                FreeAll(slots);
                while (taken != null)
                {
                    Magazine* magazine = taken;
                    taken = taken->Next;
                    Free(magazine);
                    SpareMagazines.Give(magazine);
                }

                slots = null;
                HeapVisit.TakeAllRemoteFrees(this, sets, ref slots);
                if (idleOnly)
                {
                    KeepAll(slots);
                }
                else
                {
                    FreeAll(slots);
                }

                _depots.Trim(idleOnly);
            }
        }
        finally
        {
            RemoveSlots(1);
        }
    }

    /// <summary>Keeps the blocks of a list of slots in depots, or frees them.</summary>
    /// <inheritdoc cref="FreeAll" path="/safety"/>
    public unsafe void KeepAll(Slot* slots)
    {
        while (slots != null)
        {
            Slot* slot = slots;
            slots = slot->Next;
            Keep(slot);
        }
    }

    /// <summary>Lets go of the bins of all threads. They have no slot of this heap any more, also not among their remote frees.</summary>
    private void End()
    {
        using (_lock.Enter())
        {
            unsafe
            {
                // SAFETY: sets are never unmapped, and the list has a lock.
                for (HeapBins* set = _sets; set != null; set = set->NextOfHeap)
                {
                    Volatile.Write(ref set->HeapId, 0);
                }

                _sets = null;
            }
        }

        PoolHeaps.Remove(this);
    }
}
