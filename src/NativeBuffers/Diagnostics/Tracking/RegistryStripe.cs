using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Some of the live blocks: a hash table with open addressing, and a lock that is held for a few instructions.</summary>
/// <remarks>
/// A removal closes the gap that it leaves, so nothing piles up, needs no memory and cannot fail. Only an addition may need
/// memory: a larger table. If there is none to be had, the old table takes what fits.
/// </remarks>
internal sealed class RegistryStripe
{
    private const int FirstLength = 16;

    private int _isHeld;
    private int _count;
    private long _byteCount;
    private BlockRecord[] _records = new BlockRecord[FirstLength];

    // Threads write to one each, mostly.
#pragma warning disable CS0169, IDE0051 // Nobody uses it.
    private readonly LinePadding _padding;
#pragma warning restore CS0169, IDE0051

    /// <summary>How many blocks are here.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What they have, in bytes.</summary>
    public long ByteCount => Volatile.Read(ref _byteCount);

    /// <summary>Adds a block; false when there is no room, and no memory for more.</summary>
    public bool TryAdd(in BlockRecord record)
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

    /// <summary>Takes a block out; false when it is not here.</summary>
    public bool TryRemove(nint address, int allocatorId, out BlockRecord record)
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

    /// <summary>Copies all that is here to the end of a list.</summary>
    public void CopyTo(List<BlockRecord> list)
    {
        // Room first, outside of the lock; others may add meanwhile.
        BlockRecord[] copy = [];
        int count;
        do
        {
            copy = new BlockRecord[int.Max(Count, copy.Length) + FirstLength];
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

    private static int IndexOf(nint address, int length) => (int)(BlockRegistry.HashOf(address) >> 16) & (length - 1);

    /// <remarks>There is room.</remarks>
    private static void Put(BlockRecord[] records, in BlockRecord record)
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
        BlockRecord[] records = _records;
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

    /// <summary>Moves those behind a place up, as far as they would be found there.</summary>
    private void CloseGap(int gap)
    {
        BlockRecord[] records = _records;
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
            var larger = new BlockRecord[checked(_records.Length * 2)];
            foreach (ref readonly BlockRecord record in _records.AsSpan())
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
            // One place stays free, at which searches end.
            return _count < _records.Length - 1;
        }
    }

    private void Enter()
    {
        if (Interlocked.CompareExchange(ref _isHeld, 1, 0) != 0)
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
        while (Interlocked.CompareExchange(ref _isHeld, 1, 0) != 0);
    }

    private void Exit() => Volatile.Write(ref _isHeld, 0);
}
