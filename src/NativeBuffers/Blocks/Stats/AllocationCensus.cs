using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Stats;

/// <summary>The allocations of each class of <see cref="AllocationCounts"/>, past and present: reads all slots, and disturbs no thread.</summary>
/// <remarks>
/// Exact while no thread allocates. Otherwise each number may miss what threads do at that moment. A slot whose block
/// leaves during the look is left out.
/// </remarks>
internal sealed class AllocationCensus
{
    private const int MostLooks = 3;

    private AllocationCensus()
    {
    }

    /// <summary>Allocations that have begun, by class.</summary>
    public long[] Allocations { get; } = new long[AllocationCounts.Classes];

    /// <summary>Allocations whose blocks came from the depot.</summary>
    public long[] FromDepot { get; } = new long[AllocationCounts.Classes];

    /// <summary>Allocations whose blocks came from the system or another allocator: all of those that no cache keeps.</summary>
    public long[] Fresh { get; } = new long[AllocationCounts.Classes];

    /// <summary>Blocks that owners have.</summary>
    public long[] Blocks { get; } = new long[AllocationCounts.Classes];

    /// <summary>Those blocks, in bytes.</summary>
    public long[] Bytes { get; } = new long[AllocationCounts.Classes];

    /// <summary>Counts all allocations up to now.</summary>
    public static AllocationCensus Take()
    {
        var census = new AllocationCensus();
        RemotePath.FlushOutboxes();

        // In this order, no allocation is counted twice when it is settled now, and none counts as a hit before its miss is known.
        for (int i = 0; i < AllocationCounts.Classes; i++)
        {
            census.Allocations[i] = AllocationCounts.SettledElsewhere(i);
        }

        unsafe
        {
            // SAFETY: caches and slots are never unmapped; any thread may read them.
            for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
            {
                AddRow(census.Allocations, ref cache->Counts.Settled);
                for (int i = 0; i < SizeClasses.Count; i++)
                {
                    census.Allocations[i] += BareBins.TakenCount(cache, i);
                }
            }

            foreach (nint slab in SlotTable.Slabs())
            {
                for (var slot = (Slot*)slab; slot < (Slot*)slab + SlotTable.SlabLength; slot++)
                {
                    census.Add(slot);
                }
            }

            for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
            {
                AddRow(census.FromDepot, ref cache->Counts.FromDepot);
                AddRow(census.Fresh, ref cache->Counts.Fresh);
            }
        }

        census.Fresh[AllocationCounts.Foreign] = census.Allocations[AllocationCounts.Foreign];
        return census;
    }

    private static void AddRow(long[] sums, ref AllocationCounts.Row row)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += Volatile.Read(ref row[i]);
        }
    }

    /// <safety>The slot is one of the table's.</safety>
    private unsafe void Add(Slot* slot)
    {
        for (int look = 0; look < MostLooks; look++)
        {
            ulong before = AllocationCounts.CountedOf(slot);
            int allocationClass = AllocationCounts.ClassOf(slot);
            Generation generation = slot->ReadGeneration();
            if (generation.Value == 0)
            {
                // The slab was discarded since.
                return;
            }

            bool isFreed = generation.State == SlotState.RemotelyFreed;
            bool isInUse = IsInUse(slot);
            long byteCount = (long)Volatile.Read(ref *(nint*)&slot->ByteCount);

            // All belongs together if the class is the same as before. Allocations of another class in between would have been settled.
            if (AllocationCounts.CountedOf(slot) == before && AllocationCounts.ClassOf(slot) == allocationClass)
            {
                Allocations[allocationClass] += AllocationCounts.Uncounted(generation, before) + (isFreed || isInUse ? 1 : 0);
                if (isInUse && !isFreed)
                {
                    Blocks[allocationClass]++;
                    Bytes[allocationClass] += byteCount;
                }

                return;
            }
        }
    }

    /// <summary>Whether the block is neither in a magazine nor hot, nor withdrawn: a slot in a magazine has no home.</summary>
    /// <safety>The slot is one of the table's; bins are never unmapped.</safety>
    private static unsafe bool IsInUse(Slot* slot)
    {
        if (Volatile.Read(ref *(nint*)&slot->Start) == 0)
        {
            return false;
        }

        Bin* home = (Bin*)Volatile.Read(ref *(nint*)&slot->Home);
        if (home == null)
        {
            return false;
        }

        // The closed bin of a cache has no hot place, and the size class of another bin.
        nint hot = home->ReadHot();
        return hot != (nint)slot
            && !(hot == (nint)Bin.NoRoom && !HeapBin.Is(home) && home != &ThreadCache.Of(home)->Closed
                && ThreadCache.Of(home)->Withdrawn.Has(home->SizeClass, (nint)slot));
    }
}
