using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The heaps of all pools, by number. The number of an ended heap is given to the next one.</summary>
internal static class PoolHeaps
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly Stack<int> s_free = [];
    private static readonly object s_callbacks = new();
    private static PoolHeap?[] s_all = new PoolHeap?[16];
    private static int s_count;
    private static ulong s_lastId;
    private static long s_endedCount;
    private static bool s_isRegistered;

    /// <summary>The number of heaps that have ended.</summary>
    public static long EndedCount => Volatile.Read(ref s_endedCount);

    /// <summary>Lists a heap, which stays alive until <see cref="Remove"/>.</summary>
    /// <remarks>The heap gets its number, and an identity that no other heap ever has.</remarks>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static void Add(PoolHeap heap)
    {
        if (!Volatile.Read(ref s_isRegistered) && !Interlocked.Exchange(ref s_isRegistered, true))
        {
            Gen2Callback.Register(s_callbacks, static (_, isMemoryShort) => AfterFullCollection(isMemoryShort));
        }

        using (s_lock.Enter())
        {
            // Room for the number comes first, because the end of a heap must not fail.
            _ = s_free.EnsureCapacity(s_count + 1);
            if (s_count == s_all.Length && s_free.Count == 0)
            {
                var all = new PoolHeap?[2 * s_count];
                s_all.CopyTo(all, 0);
                Volatile.Write(ref s_all, all);
            }

            int number = s_free.TryPop(out int free) ? free : s_count++;
            heap.Identify(number, ++s_lastId);
            Volatile.Write(ref s_all[number], heap);
        }
    }

    /// <summary>Lets go of a heap that has no slot any more.</summary>
    public static void Remove(PoolHeap heap)
    {
        using (s_lock.Enter())
        {
            Volatile.Write(ref s_all[heap.Number], null);
            s_free.Push(heap.Number);
        }

        _ = Interlocked.Increment(ref s_endedCount);
    }

    /// <summary>The heap of a set; null if it has ended.</summary>
    /// <safety>Sets are never unmapped.</safety>
    public static unsafe PoolHeap? Of(HeapBins* set)
    {
        ulong id = Volatile.Read(ref set->HeapId);
        PoolHeap? heap = Volatile.Read(ref s_all)[set->Number];
        return heap is not null && heap.Id == id ? heap : null;
    }

    /// <summary>The heap of a slot.</summary>
    /// <safety>The slot belongs to the caller, has a block of <see cref="SlotKind.Pooled"/>, and a home.</safety>
    public static unsafe PoolHeap Of(Slot* slot) => Of(((HeapBin*)slot->Home)->Set)!;

    /// <summary>Frees the blocks that the last full collection found unused, or all blocks if memory is short.</summary>
    public static void AfterFullCollection(bool isMemoryShort)
    {
        foreach (PoolHeap? heap in Volatile.Read(ref s_all))
        {
            try
            {
                if (heap is { ReservedBytes: > 0 })
                {
                    heap.AfterFullCollection(isMemoryShort);
                }
            }
            catch (Exception)
            {
                // A finalizer must not throw. The program's own allocator threw, and no caller is here to hear of it.
            }
        }
    }
}
