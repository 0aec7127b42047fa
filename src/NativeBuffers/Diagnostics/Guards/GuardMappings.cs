using NativeBuffers.Os;
using NativeBuffers.Raw;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Blocks in mappings of their own, as many as the system allows; freed ones stay untouchable in a queue.</summary>
internal sealed class GuardMappings : GuardStore
{
    /// <summary>The most blocks that are freed and untouchable.</summary>
    private const int MostFreed = 8_192;

    /// <summary>The most addresses that freed blocks take, in bytes.</summary>
    private const ulong MostFreedBytes = 1UL << 40;

    /// <summary>Pieces of address space that are left to the runtime and the program.</summary>
    private const int MappingsOfOthers = 16_384;

    private readonly unsafe GuardedBlock* _records;
    private readonly Dictionary<nuint, int> _byStart = new(GuardReportFile.MappingCount);

    /// <summary>Blocks that guards gave out without guarding them, and the guard of each.</summary>
    private readonly Dictionary<nuint, int> _unguarded = [];
    private readonly int[] _vacant = new int[GuardReportFile.MappingCount];
    private readonly int[] _freed = new int[MostFreed];
    private readonly int _mostLive;
    private int _vacantCount = GuardReportFile.MappingCount;
    private int _usedCount;
    private int _liveCount;
    private int _freedStart;
    private int _freedCount;
    private ulong _freedBytes;

    private unsafe GuardMappings(GuardedBlock* records)
    {
        _records = records;

        // A live block is two pieces, and three if nothing like it is beside it.
        _mostLive = int.Clamp((SystemMemory.Current.MostMappings - MappingsOfOthers) * 2 / 5, 1000, GuardReportFile.MappingCount - MostFreed - 256);
        for (int i = 0; i < _vacant.Length; i++)
        {
            _vacant[i] = _vacant.Length - 1 - i;
        }
    }

    /// <summary>The store, made when first asked for; null when there is no memory for it.</summary>
    public static GuardMappings? Instance { get; } = GuardTrouble.MakeOrNull(TryMake);

    protected override unsafe GuardedBlock* First => _records;

    protected override bool KeepsMemory => false;

    /// <remarks>Behind those that were ever used, there may be no room for records.</remarks>
    protected override int Count => _usedCount;

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
            || !TryTakeRecord(out int index))
        {
            return null;
        }

        byte* range = (byte*)SystemMemory.Current.Reserve(rangeByteCount, PageKind.Ordinary);
        if (range == null)
        {
            // Freed blocks may hold what is missing.
            EvictAll();
            range = (byte*)SystemMemory.Current.Reserve(rangeByteCount, PageKind.Ordinary);
        }

        byte* data = spare == 0 ? range + page : (byte*)(((nuint)range + page + (alignment - 1)) & ~(alignment - 1));
        if (range == null || (dataByteCount != 0 && !SystemMemory.Current.Commit(data, dataByteCount)))
        {
            if (range != null)
            {
                SystemMemory.Current.Free(range, rangeByteCount);
            }

            GiveBackRecord(index);
            return null;
        }

        GuardedBlock* block = _records + index;
        block->RangeStart = (ulong)range;
        block->RangeByteCount = rangeByteCount;
        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    protected override unsafe GuardedBlock* FindOwn(void* start)
    {
        using (Gate.Enter())
        {
            return _byStart.TryGetValue((nuint)start, out int index) ? _records + index : null;
        }
    }

    protected override unsafe void Add(GuardedBlock* block) => _byStart[(nuint)block->Start] = (int)(block - _records);

    protected override unsafe void Enqueue(GuardedBlock* block)
    {
        _liveCount--;
        while (_freedCount == MostFreed || (_freedCount > 0 && _freedBytes + block->RangeByteCount > MostFreedBytes))
        {
            EvictOldest();
        }

        _freed[(_freedStart + _freedCount) % MostFreed] = (int)(block - _records);
        _freedCount++;
        _freedBytes += block->RangeByteCount;
    }

    private bool TryTakeRecord(out int index)
    {
        using (Gate.Enter())
        {
            // Lower ones first, so that the report is no longer than it must be.
            index = _liveCount < _mostLive && _vacantCount != 0 ? _vacant[_vacantCount - 1] : -1;
            if (index < 0 || !GuardReportFile.TryReach(index))
            {
                return false;
            }

            _liveCount++;
            _vacantCount--;
            _usedCount = int.Max(_usedCount, index + 1);
            return true;
        }
    }

    private void GiveBackRecord(int index)
    {
        using (Gate.Enter())
        {
            _liveCount--;
            _vacant[_vacantCount++] = index;
        }
    }

    private void EvictAll()
    {
        using (Gate.Enter())
        {
            while (_freedCount > 0)
            {
                EvictOldest();
            }
        }
    }

    /// <summary>Gives the addresses of the block back that was freed first. Inside the lock.</summary>
    private void EvictOldest()
    {
        int index = _freed[_freedStart];
        _freedStart = (_freedStart + 1) % MostFreed;
        _freedCount--;
        unsafe
        {
            // SAFETY: nobody else knows of a block that is in the queue, but for those who should not.
            GuardedBlock* block = _records + index;
            _freedBytes -= block->RangeByteCount;
            _ = _byStart.Remove((nuint)block->Start);
            SetState(block, GuardedBlockState.None);
            SystemMemory.Current.Free((void*)block->RangeStart, (nuint)block->RangeByteCount);
        }

        _vacant[_vacantCount++] = index;
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
