namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>
/// Blocks of one source under one limit, in the bins of all threads and in depots (mimalloc's heap). This one is the heap of the default
/// allocator.
/// </summary>
internal class BlockHeap
{
    /// <summary>The heap of the default allocator.</summary>
    public static BlockHeap Default { get; } = new();

    /// <summary>Reserves bytes; false when the heap may not keep as many.</summary>
    public virtual bool TryReserve(long byteCount) => CacheLimits.TryReserve(byteCount);

    /// <summary>Ends a reservation.</summary>
    public virtual void Release(long byteCount) => CacheLimits.Release(byteCount);

    /// <summary>Notes that the slots of a batch were taken out of remote frees.</summary>
    /// <safety>The batch belongs to the caller.</safety>
    public virtual unsafe void Dequeue(RemoteBatch* batch) => CacheLimits.Dequeue(batch->ByteCount);

    /// <summary>An empty magazine; null when memory is exhausted.</summary>
    /// <safety>The magazine is the caller's.</safety>
    public virtual unsafe Magazine* TryMakeMagazine(int capacity) => Magazine.TryCreate(capacity);

    /// <summary>Frees the blocks of a magazine, which is empty afterwards; the slots become vacant.</summary>
    /// <safety>The magazine and its slots are the caller's. All their blocks are this heap's.</safety>
    public virtual unsafe void Free(Magazine* magazine) => BlockSource.Free(magazine);

    /// <summary>Frees the block of a slot, which becomes vacant.</summary>
    /// <safety>The slot is the caller's to give up. Its block is this heap's.</safety>
    public virtual unsafe void FreeOne(Slot* slot) => BlockSource.FreeOne(slot);
}
