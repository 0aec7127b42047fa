using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Blocks in pages of their own, as many as there are records or mappings; freed ones stay untouchable in a queue.</summary>
/// <remarks>
/// Where the kernel has guard pages (<see cref="GuardPages"/>), blocks of usual sizes are in <em>lots</em>: ranges that are mapped
/// together, guarded as a whole, and kept for the next block of their size. Every other block has a mapping of its own with protected
/// pages. The system counts such a block as two or three mappings, and limits their number.
/// </remarks>
internal sealed class GuardMappings : GuardStore
{
    /// <summary>The most blocks that are freed and untouchable.</summary>
    private const int MostFreed = 8_192;

    /// <summary>The most addresses that freed blocks take, in bytes.</summary>
    private const ulong MostFreedBytes = 1UL << 40;

    /// <summary>Pieces of address space that are left to the runtime and the program.</summary>
    private const int MappingsOfOthers = 16_384;

    private readonly unsafe GuardedBlock* _records;
    private readonly Dictionary<nuint, int> _byStart = new(MostFreed);

    /// <summary>Blocks that guards gave out without guarding them, and the guard of each.</summary>
    private readonly Dictionary<nuint, int> _unguarded = [];
    private readonly GuardRecords _vacant = new(GuardReportFile.MappingCount);
    private readonly GuardQueue _freed = new(MostFreed);
    private readonly GuardLots? _lots;
    private readonly int _mostMapped;
    private int _inUse;
    private int _mappedLive;
    private ulong _freedBytes;

    private unsafe GuardMappings(GuardedBlock* records)
    {
        _records = records;
        _lots = GuardPages.AreThere ? new GuardLots(records, _vacant) : null;

        // A live block is two pieces, and three if nothing like it is beside it.
        _mostMapped = int.Max((Host.Memory.MostMappings - MappingsOfOthers) / 5 * 2, 1000);
    }

    /// <summary>The store, made when first asked for; null when there is no memory for it.</summary>
    public static GuardMappings? Instance { get; } = GuardTrouble.MakeOrNull(TryMake);

    protected override unsafe GuardedBlock* First => _records;

    /// <remarks>Only records that were ever used: there may be no room for later ones.</remarks>
    protected override int Count => _vacant.UsedCount;

    /// <summary>Says that a guard has given out a block without guarding it.</summary>
    /// <safety>No pointer is followed.</safety>
    public unsafe void AddUnguarded(void* start, int guard)
    {
        using (Gate.Enter())
        {
            _unguarded[(nuint)start] = guard;
        }
    }

    /// <summary>Whether a guard has given out a block without guarding it; and forgets it.</summary>
    /// <safety>No pointer is followed.</safety>
    public unsafe bool TakeUnguarded(void* start, int guard)
    {
        using (Gate.Enter())
        {
            return _unguarded.TryGetValue((nuint)start, out int found) && found == guard && _unguarded.Remove((nuint)start);
        }
    }

    protected override unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment)
    {
        nuint page = SystemMemory.PageSize;
        nuint spare = alignment > page ? alignment : 0;
        if (!Layout.TryRoundUp(byteCount, page, out nuint dataByteCount)
            || !Layout.TryAdd(dataByteCount, (2 * page) + spare, out nuint rangeByteCount)
            || !TryTakeRange(rangeByteCount, out int index))
        {
            return null;
        }

        GuardedBlock* block = _records + index;
        byte* range = (byte*)block->RangeStart;
        byte* data = spare == 0 ? range + page : (byte*)(((nuint)range + page + (alignment - 1)) & ~(alignment - 1));
        if (dataByteCount != 0
            && !(block->IsInLot ? Host.Memory.Unguard(data, dataByteCount) : Host.Memory.Commit(data, dataByteCount)))
        {
            using (Gate.Enter())
            {
                _mappedLive -= block->IsInLot ? 0 : 1;
                block->IsInLot = false;
                GiveBack(block);
            }

            return null;
        }

        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    protected override unsafe bool Seal(GuardedBlock* block) =>
        block->IsInLot ? Host.Memory.Guard((void*)block->DataStart, (nuint)block->DataByteCount) : base.Seal(block);

    protected override unsafe GuardedBlock* FindOwn(void* start)
    {
        using (Gate.Enter())
        {
            return _byStart.TryGetValue((nuint)start, out int index) ? _records + index : null;
        }
    }

    protected override unsafe void Add(GuardedBlock* block) => _byStart[(nuint)block->Start] = (int)(block - _records);

    protected override unsafe void Enqueue(GuardedBlock* block, bool isSealed)
    {
        if (!block->IsInLot)
        {
            _mappedLive--;
        }
        else if (!isSealed)
        {
            // Locked pages cannot be guarded (the program may lock all that it maps). This block was protected; its range goes back to the system later.
            block->IsInLot = false;
        }

        while (_freed.Count == MostFreed || (_freed.Count > 0 && _freedBytes + block->RangeByteCount > MostFreedBytes))
        {
            EvictOldest();
        }

        _freed.Add((int)(block - _records));
        _freedBytes += block->RangeByteCount;
    }

    /// <summary>Takes a record with a range of addresses that cannot be touched; false when there is none.</summary>
    private unsafe bool TryTakeRange(nuint byteCount, out int index)
    {
        using (Gate.Enter())
        {
            if (!HasRoomForStart())
            {
                index = -1;
                return false;
            }

            if (_lots is { } lots && lots.TryTake(byteCount, out index))
            {
                _inUse++;
                return true;
            }

            if (_mappedLive >= _mostMapped || !_vacant.TryTake(out index))
            {
                index = -1;
                return false;
            }

            void* range = Host.Memory.Reserve(byteCount, PageKind.Ordinary);
            if (range == null)
            {
                // Freed blocks may hold what is missing.
                while (_freed.Count > 0)
                {
                    EvictOldest();
                }

                range = Host.Memory.Reserve(byteCount, PageKind.Ordinary);
            }

            if (range == null)
            {
                _vacant.Add(index);
                return false;
            }

            _records[index].RangeStart = (ulong)range;
            _records[index].RangeByteCount = byteCount;
            _records[index].IsInLot = false;
            _mappedLive++;
            _inUse++;
            return true;
        }
    }

    /// <summary>Makes room for one more block in the table, so that adding the complete block cannot throw. Inside the lock.</summary>
    private bool HasRoomForStart()
    {
        if (_inUse < _byStart.Capacity)
        {
            return true;
        }

        try
        {
            _ = _byStart.EnsureCapacity(_byStart.Capacity * 2);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Gives the addresses of the block back that was freed first. Inside the lock.</summary>
    private void EvictOldest()
    {
        _ = _freed.TryTake(out int index);
        unsafe
        {
            // SAFETY: nobody else knows of a block that is in the queue, but for those who should not.
            GuardedBlock* block = _records + index;
            _freedBytes -= block->RangeByteCount;
            _ = _byStart.Remove((nuint)block->Start);
            GiveBack(block);
        }
    }

    /// <summary>Gives a range and its record back, to the lot or to the system. Inside the lock.</summary>
    /// <safety>The record is this store's. No thread uses its range, and no call can find the block any more.</safety>
    private unsafe void GiveBack(GuardedBlock* block)
    {
        int index = (int)(block - _records);
        SetState(block, GuardedBlockState.None);
        _inUse--;
        if (block->IsInLot)
        {
            _lots!.Add(index);
        }
        else
        {
            Host.Memory.Free((void*)block->RangeStart, (nuint)block->RangeByteCount);
            _vacant.Add(index);
        }
    }

    private static unsafe GuardMappings? TryMake()
    {
        GuardedBlock* records = GuardReportFile.Mappings();
        if (records == null)
        {
            return null;
        }

        var store = new GuardMappings(records);
        Use(store);
        return store;
    }
}
