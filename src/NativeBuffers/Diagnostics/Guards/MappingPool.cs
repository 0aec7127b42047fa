using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The guarded pool without a fixed number of slots: each block has pages of its own, and freed blocks stay untouchable in a queue.</summary>
/// <remarks>
/// If the kernel has guard pages (<see cref="GuardRecords.HasGuardPages"/>), blocks of usual sizes are in <em>lots</em>: ranges that are
/// mapped together, guarded as a whole, and kept for the next block of their size. Every other block has a mapping of its own with
/// protected pages. The system counts such a block as two or three mappings, and limits their number.
/// </remarks>
internal sealed class MappingPool : GuardedPool
{
    /// <summary>The most blocks that are freed and untouchable.</summary>
    private const int MostFreed = 8_192;

    /// <summary>The most addresses that freed blocks take, in bytes.</summary>
    private const ulong MostFreedBytes = 1UL << 40;

    /// <summary>The number of mappings that are left to the runtime and the program.</summary>
    private const int MappingsLeft = 16_384;

    /// <summary>The most blocks with a record, live and freed. There are fewer if each block is a mapping.</summary>
    private static readonly int s_capacity = GuardRecords.HasGuardPages ? ProcessReport.MostMappingCount : 28_672;

    private readonly unsafe GuardedBlock* _records;
    private readonly GuardRecords _free;
    private readonly Dictionary<nuint, int> _byStart = new(MostFreed);

    /// <summary>Blocks that guards gave out without guarding them, and the number of the guard.</summary>
    private readonly Dictionary<nuint, int> _unguarded = [];
    private readonly Queue<int> _freed = new(MostFreed);
    private readonly int _mostMapped;
    private int _inUse;
    private int _mappedLive;
    private ulong _freedBytes;

    /// <safety>There are as many records as the capacity, which stay mapped for as long as the process lives.</safety>
    private unsafe MappingPool(GuardedBlock* records)
    {
        _records = records;
        _free = new GuardRecords(records, s_capacity);

        // A live block is two mappings, or three if there is no similar block beside it.
        _mostMapped = int.Max((Host.Memory.MostMappings - MappingsLeft) / 5 * 2, 1000);
    }

    /// <summary>The pool, made on first use; null if there is no memory for it.</summary>
    public static MappingPool? Instance { get; } = MakeOrNull(TryMake);

    /// <remarks>Only records that were ever used: later ones may have no room in the report.</remarks>
    /// <inheritdoc path="/safety"/>
    protected override unsafe Span<GuardedBlock> Records => new(_records, _free.UsedCount);

    /// <summary>Notes that a guard has given out a block without guarding it.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    public unsafe void AddUnguarded(void* start, int guard)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        _unguarded[(nuint)start] = guard;
    }

    /// <summary>Whether a guard has given out a block without guarding it. If so, the note is removed.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    public unsafe bool TakeUnguarded(void* start, int guard)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        return _unguarded.TryGetValue((nuint)start, out int found) && found == guard && _unguarded.Remove((nuint)start);
    }

    /// <inheritdoc/>
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
            using UninterruptedLock.Scope scope = PoolLock.Enter();
            _mappedLive -= block->IsInLot ? 0 : 1;
            block->IsInLot = false;
            GiveBack(block);
            return null;
        }

        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    /// <inheritdoc/>
    protected override unsafe bool Seal(GuardedBlock* block) =>
        block->IsInLot ? Host.Memory.Guard((void*)block->DataStart, (nuint)block->DataByteCount) : base.Seal(block);

    /// <inheritdoc/>
    protected override unsafe GuardedBlock* FindOwn(void* start)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        return _byStart.TryGetValue((nuint)start, out int index) ? _records + index : null;
    }

    /// <inheritdoc/>
    protected override unsafe void Add(GuardedBlock* block) => _byStart[(nuint)block->Start] = (int)(block - _records);

    /// <inheritdoc/>
    protected override unsafe void Enqueue(GuardedBlock* block, bool isSealed)
    {
        if (!block->IsInLot)
        {
            _mappedLive--;
        }
        else if (!isSealed)
        {
            // The program may lock all its pages, and locked pages cannot be guarded. So this block is protected, and its range goes
            // back to the system later.
            block->IsInLot = false;
        }

        while (_freed.Count == MostFreed || (_freed.Count > 0 && _freedBytes + block->RangeByteCount > MostFreedBytes))
        {
            EvictOldest();
        }

        _freed.Enqueue((int)(block - _records));
        _freedBytes += block->RangeByteCount;
    }

    /// <summary>Takes a record with an untouchable address range; false if there is none.</summary>
    /// <safety>The record at the index is the caller's alone.</safety>
    private unsafe bool TryTakeRange(nuint byteCount, out int index)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        index = -1;
        if (!HasRoomForStart())
        {
            return false;
        }

        if (_free.TryTakeFromLot(byteCount, out index))
        {
            _inUse++;
            return true;
        }

        if (_mappedLive >= _mostMapped || !_free.TryTake(out index))
        {
            return false;
        }

        void* range = Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        if (range == null)
        {
            // Freed blocks may hold the missing addresses.
            while (_freed.Count > 0)
            {
                EvictOldest();
            }

            range = Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        }

        if (range == null)
        {
            _free.Add(index);
            return false;
        }

        _records[index].RangeStart = (ulong)range;
        _records[index].RangeByteCount = byteCount;
        _records[index].IsInLot = false;
        _mappedLive++;
        _inUse++;
        return true;
    }

    /// <summary>Makes room for one more block in the table, so that <see cref="Add"/> cannot throw. Inside the lock.</summary>
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

    /// <summary>Gives back the range of the block that was freed first. Inside the lock.</summary>
    private void EvictOldest()
    {
        int index = _freed.Dequeue();
        unsafe
        {
            // SAFETY: the record is this pool's and stays mapped. Its block was freed, so no correct thread uses its range.
            GuardedBlock* block = _records + index;
            _freedBytes -= block->RangeByteCount;
            _ = _byStart.Remove((nuint)block->Start);
            GiveBack(block);
        }
    }

    /// <summary>Gives a range and its record back, to the lot or to the system. Inside the lock.</summary>
    /// <safety>The record is this pool's. No thread uses its range, and no call can find the block any more.</safety>
    private unsafe void GiveBack(GuardedBlock* block)
    {
        int index = (int)(block - _records);
        SetState(block, GuardedBlock.Use.None);
        _inUse--;
        if (block->IsInLot)
        {
            _free.AddToLot(index);
        }
        else
        {
            Host.Memory.Free((void*)block->RangeStart, (nuint)block->RangeByteCount);
            _free.Add(index);
        }
    }

    /// <safety>Called once: the records are this pool's alone.</safety>
    private static unsafe MappingPool? TryMake()
    {
        GuardedBlock* records = ProcessReport.Mappings(s_capacity);
        return records == null ? null : new MappingPool(records);
    }
}
