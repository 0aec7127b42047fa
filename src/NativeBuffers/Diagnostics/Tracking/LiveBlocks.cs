using System.Numerics;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The live blocks, by address. The table is outside of the blocks, so a tracked block is laid out like any other.</summary>
/// <remarks>
/// The table has shards, each with a lock, so that threads seldom meet. A block is removed before it is freed, because its address
/// may come back at once. The table is exact for the threads that allocate and free. Counts and copies read one shard after the
/// other, while other threads work.
/// </remarks>
/// <param name="shardCount">A power of two, up to 65,536.</param>
internal sealed class LiveBlocks(int shardCount)
{
    private readonly Shard[] _shards = [.. Enumerable.Range(0, shardCount).Select(static _ => new Shard())];
    private readonly int _shift = 63 - BitOperations.Log2((uint)shardCount);

    /// <summary>The sum of the blocks' sizes, in bytes.</summary>
    public long ByteCount => _shards.Sum(static shard => shard.ByteCount);

    /// <summary>The number of blocks.</summary>
    public long Count => _shards.Sum(static shard => (long)shard.Count);

    /// <summary>Adds a block; false if memory is exhausted.</summary>
    public bool TryAdd(in Record record) => ShardOf(record.Address).TryAdd(record);

    /// <summary>Removes a block; false if the table does not have it. Cannot fail otherwise.</summary>
    public bool TryRemove(nint address, int allocatorId, out Record record) => ShardOf(address).TryRemove(address, allocatorId, out record);

    /// <summary>Copies all records.</summary>
    public List<Record> Copy()
    {
        List<Record> list = [];
        foreach (Shard shard in _shards)
        {
            shard.CopyTo(list);
        }

        return list;
    }

    /// <remarks>The upper bits choose the shard, and those in the middle the place in the shard.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HashOf(nint address) => (ulong)address * 0x9E3779B97F4A7C15;

    // In two steps: a single shard needs a shift by 64 bits, which C# takes for a shift by 0.
    private Shard ShardOf(nint address) => _shards[(int)(HashOf(address) >> 1 >> _shift)];

    /// <summary>A live block. Numbers only, so that the collector need not look through a table of records.</summary>
    /// <param name="Address">The address of the first byte; 0 in a free place of a table.</param>
    /// <param name="ByteCount">In bytes.</param>
    /// <param name="SiteId">The number of the <see cref="AllocationSite"/>.</param>
    /// <param name="StackId">The number of the <see cref="CallStack"/>; 0 if none was captured.</param>
    /// <param name="AllocatorId">
    /// The number in <see cref="AllocatorNames"/>. One address may be live for two allocators: as a pool's own block, and as a part of
    /// it that the pool rents out.
    /// </param>
    internal readonly record struct Record(nint Address, long ByteCount, int SiteId, int StackId, int AllocatorId);

    /// <summary>A hash table with open addressing, and a lock that is held for a few instructions.</summary>
    /// <remarks>
    /// A removal closes its gap. So the table keeps no deleted places, and a removal needs no memory and cannot fail. Only an addition
    /// may need memory, for a larger table. If memory is exhausted, the old table is filled up. Measured: with a
    /// <see cref="Dictionary{TKey, TValue}"/> in its place, a tracked buffer costs 140 ns and not 110 ns.
    /// </remarks>
    private sealed class Shard
    {
        private const int FirstLength = 16;

        private int _isLocked;
        private int _count;
        private long _byteCount;
        private Record[] _records = new Record[FirstLength];

        // Different threads mostly write to different shards.
#pragma warning disable CS0169, IDE0051 // Padding is not read.
        private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

        public int Count => Volatile.Read(ref _count);

        public long ByteCount => Volatile.Read(ref _byteCount);

        public bool TryAdd(in Record record)
        {
            Enter();
            bool hasRoom = _count < _records.Length / 4 * 3 || TryGrow();
            if (hasRoom)
            {
                Put(_records, record);
                Volatile.Write(ref _count, _count + 1);
                Volatile.Write(ref _byteCount, _byteCount + record.ByteCount);
            }

            Exit();
            return hasRoom;
        }

        public bool TryRemove(nint address, int allocatorId, out Record record)
        {
            Enter();
            int index = Find(address, allocatorId);
            bool isHere = index >= 0;
            record = isHere ? _records[index] : default;
            if (isHere)
            {
                CloseGap(index);
                Volatile.Write(ref _count, _count - 1);
                Volatile.Write(ref _byteCount, _byteCount - record.ByteCount);
            }

            Exit();
            return isHere;
        }

        public void CopyTo(List<Record> list)
        {
            // The copy is allocated outside of the lock. Threads may add blocks before the lock is taken.
            Record[] copy = [];
            int count;
            do
            {
                copy = new Record[int.Max(Count, copy.Length) + FirstLength];
                Enter();
                count = _count <= copy.Length ? 0 : -1;
                for (int i = 0; i < _records.Length && count >= 0; i++)
                {
                    if (_records[i].Address != 0)
                    {
                        copy[count++] = _records[i];
                    }
                }

                Exit();
            }
            while (count < 0);

            list.AddRange(copy.AsSpan(0, count));
        }

        private static int IndexOf(nint address, int length) => (int)(HashOf(address) >> 16) & (length - 1);

        /// <remarks>The table has a free place.</remarks>
        private static void Put(Record[] records, in Record record)
        {
            int index = IndexOf(record.Address, records.Length);
            while (records[index].Address != 0)
            {
                index = (index + 1) & (records.Length - 1);
            }

            records[index] = record;
        }

        private int Find(nint address, int allocatorId)
        {
            Record[] records = _records;
            int index = IndexOf(address, records.Length);
            while (records[index].Address != 0)
            {
                if (records[index].Address == address && records[index].AllocatorId == allocatorId)
                {
                    return index;
                }

                index = (index + 1) & (records.Length - 1);
            }

            return -1;
        }

        /// <summary>Moves the next records up, each as far as a search still finds it.</summary>
        private void CloseGap(int gap)
        {
            Record[] records = _records;
            int mask = records.Length - 1;
            for (int next = (gap + 1) & mask; records[next].Address != 0; next = (next + 1) & mask)
            {
                int home = IndexOf(records[next].Address, records.Length);
                if (((next - home) & mask) >= ((next - gap) & mask))
                {
                    records[gap] = records[next];
                    gap = next;
                }
            }

            records[gap] = default;
        }

        private bool TryGrow()
        {
            try
            {
                var larger = new Record[checked(_records.Length * 2)];
                foreach (ref readonly Record record in _records.AsSpan())
                {
                    if (record.Address != 0)
                    {
                        Put(larger, record);
                    }
                }

                _records = larger;
                return true;
            }
            catch (Exception failure) when (failure is OutOfMemoryException or OverflowException)
            {
                // One place stays free, because a search ends at a free place.
                return _count < _records.Length - 1;
            }
        }

        private void Enter()
        {
            if (Interlocked.CompareExchange(ref _isLocked, 1, 0) != 0)
            {
                EnterSlowly();
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void EnterSlowly()
        {
            Backoff backoff = default;
            do
            {
                backoff.Pause();
            }
            while (Interlocked.CompareExchange(ref _isLocked, 1, 0) != 0);
        }

        private void Exit() => Volatile.Write(ref _isLocked, 0);
    }
}
