using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The large blocks of one size that no thread keeps for itself, for the next request on any thread.</summary>
internal sealed class LargeStore
{
    private static readonly LargeStore[] s_all = MakeAll();

    private readonly UninterruptedLock _lock = new();
    private unsafe Slot* _top;
    private int _count;
    private int _fewest;
    private long _byteCount;

    private LargeStore()
    {
    }

    /// <summary>The bytes of all stored blocks.</summary>
    public static long TotalBytes
    {
        get
        {
            long sum = 0;
            foreach (LargeStore store in s_all)
            {
                sum += Volatile.Read(ref store._byteCount);
            }

            return sum;
        }
    }

    /// <summary>A slot with a block of a size, whose bytes are reserved; null if there is none.</summary>
    /// <param name="blockBytes">A result of <see cref="LargeSizes.RoundUp"/>.</param>
    /// <safety>The slot is the caller's from now on.</safety>
    public static unsafe Slot* TryTake(nuint blockBytes) =>
        blockBytes > LargeSizes.LargestKept ? null : s_all[LargeSizes.Of(blockBytes)].TryTake();

    /// <summary>Stores slots with their blocks, or frees the blocks for which the process has no room.</summary>
    /// <param name="list">Linked by <see cref="Slot.Next"/>.</param>
    /// <param name="isReserved">Whether the bytes of the blocks are reserved already.</param>
    /// <safety>The caller gives up the slots, whose blocks have no user and whose homes are null.</safety>
    public static unsafe void Give(Slot* list, bool isReserved)
    {
        Slot* refused = null;
        while (list != null)
        {
            Slot* slot = list;
            list = slot->Next;
            if (isReserved || (slot->ByteCount <= LargeSizes.LargestKept && CacheLimits.TryReserveLarge((long)slot->ByteCount)))
            {
                s_all[LargeSizes.Of(slot->ByteCount)].Push(slot);
            }
            else
            {
                LargeBin.Link(ref refused, slot);
            }
        }

        PageSource.Free(refused);
    }

    /// <summary>Frees stored blocks: all of them, or those that no thread needed since the last such call.</summary>
    public static void Trim(bool idleOnly)
    {
        foreach (LargeStore store in s_all)
        {
            for (int i = store.CountToFree(idleOnly); i > 0; i--)
            {
                unsafe
                {
                    // SAFETY: the slot is out of the store, so this method alone has it. Its block has ByteCount bytes and no user, until Free.
                    Slot* slot = store.TryTake();
                    if (slot == null)
                    {
                        break;
                    }

                    CacheLimits.Release((long)slot->ByteCount);
                    slot->Next = null;
                    PageSource.Free(slot);
                }
            }
        }
    }

    private static LargeStore[] MakeAll()
    {
        var all = new LargeStore[LargeSizes.Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = new LargeStore();
        }

        return all;
    }

    /// <safety>The slot is the caller's from now on.</safety>
    private unsafe Slot* TryTake()
    {
        // Most calls find nothing, so they read before they lock. The next call finds a block that arrives now.
        if (Volatile.Read(ref _count) == 0)
        {
            return null;
        }

        using (_lock.Enter())
        {
            Slot* slot = _top;
            if (slot != null)
            {
                _top = slot->Next;
                _byteCount -= (long)slot->ByteCount;
                _fewest = int.Min(_fewest, --_count);
            }

            return slot;
        }
    }

    /// <safety>The caller gives up the slot, whose bytes are reserved.</safety>
    private unsafe void Push(Slot* slot)
    {
        using (_lock.Enter())
        {
            LargeBin.Link(ref _top, slot);
            _byteCount += (long)slot->ByteCount;
            _count++;
        }
    }

    /// <summary>The number of blocks to free: all, or those that were here all the time since the last call.</summary>
    private int CountToFree(bool idleOnly)
    {
        using (_lock.Enter())
        {
            int idle = _fewest;
            _fewest = _count - idle;
            return idleOnly ? idle : _count;
        }
    }
}
