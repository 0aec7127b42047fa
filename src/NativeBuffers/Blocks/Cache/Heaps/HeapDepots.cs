using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The depots of one pool's heap. Each is made when a block of its size class is first rented.</summary>
internal sealed class HeapDepots(PoolHeap heap)
{
    private readonly Depot?[] _all = new Depot?[(int)SizeClasses.OfLast(PoolHeap.Largest - 1) + 1];

    /// <summary>The bytes that all depots store.</summary>
    public long ByteCount
    {
        get
        {
            long sum = 0;
            foreach (Depot? depot in _all)
            {
                sum += depot?.ByteCount ?? 0;
            }

            return sum;
        }
    }

    /// <summary>The depot for blocks of a size that the heap keeps; null if it was not made yet.</summary>
    public Depot? Find(nuint byteCount) => Volatile.Read(ref _all[SizeClasses.Of(byteCount)]);

    /// <summary>The depot of a size class, made if need be; null when memory is exhausted.</summary>
    public Depot? For(int sizeClass, int capacity)
    {
        Depot? depot = Volatile.Read(ref _all[sizeClass]);
        if (depot is null)
        {
            try
            {
                depot = new Depot(heap, sizeClass, capacity);
                depot = Interlocked.CompareExchange(ref _all[sizeClass], depot, null) ?? depot;
            }
            catch (OutOfMemoryException)
            {
                return null;
            }
        }

        return depot;
    }

    /// <summary>Stores the blocks of a list of magazines, or frees those for which the limit has no room.</summary>
    /// <inheritdoc cref="Give" path="/safety"/>
    public unsafe void GiveList(Magazine* list)
    {
        while (list != null)
        {
            Magazine* magazine = list;
            list = list->Next;
            Give(magazine);
        }
    }

    /// <summary>Stores the blocks of a magazine, or frees those for which the limit has no room.</summary>
    /// <safety>The magazine is the caller's to give up. Its blocks are the heap's, so their depot was made.</safety>
    public unsafe void Give(Magazine* magazine)
    {
        if (magazine->Count > 0)
        {
            Find(Magazine.Slots(magazine)[0]->ByteCount)!.Give(magazine);
        }
        else
        {
            SpareMagazines.Give(magazine);
        }
    }

    /// <summary>Frees the stored blocks: all, or those that no thread needed since the last such call.</summary>
    public void Trim(bool idleOnly)
    {
        foreach (Depot? depot in _all)
        {
            depot?.Trim(idleOnly);
            if (depot is not null && !idleOnly)
            {
                GiveEmpty(depot);
            }
        }
    }

    /// <summary>Gives the empty magazines of a depot to all heaps.</summary>
    private static void GiveEmpty(Depot depot)
    {
        unsafe
        {
            // SAFETY: the depot gives up a list of empty magazines, which ends with null. This call has each one until Give takes it.
            Magazine* magazine = depot.TakeEmpty();
            while (magazine != null)
            {
                Magazine* spare = magazine;
                magazine = magazine->Next;
                SpareMagazines.Give(spare);
            }
        }
    }
}
