using NativeBuffers.Os;
using NativeBuffers.Raw;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The places of samples: a fixed number, in one range of addresses, each between two pages that nobody can touch.</summary>
/// <remarks>
/// Addresses are reserved once; a place keeps the memory that it was ever given, 8 MiB in all at most: giving it back costs more than the rest. The place that was freed first is used first, so that each freed
/// block stays untouchable for as long as can be. No managed memory is allocated after the start.
/// </remarks>
internal sealed class GuardPool : GuardStore
{
    /// <summary>The largest block that a place holds, in bytes: 64 KiB, or a page if that is more.</summary>
    public static readonly nuint LargestByteCount = nuint.Max(64 * 1024, SystemMemory.PageSize);

    private static readonly nuint s_placeByteCount = LargestByteCount + SystemMemory.PageSize;
    private static readonly nuint s_byteCount = (s_placeByteCount * GuardReportFile.SampleCount) + SystemMemory.PageSize;

    private readonly unsafe byte* _start;
    private readonly unsafe GuardedBlock* _records;
    private readonly int[] _queue = [.. Enumerable.Range(0, GuardReportFile.SampleCount)];
    private int _queueStart;
    private int _queueCount = GuardReportFile.SampleCount;

    private unsafe GuardPool(byte* start, GuardedBlock* records)
    {
        _start = start;
        _records = records;
    }

    /// <summary>The pool, made when first asked for; null when there is no room for it.</summary>
    public static GuardPool? Instance { get; } = GuardTrouble.MakeOrNull(TryMake);

    protected override unsafe GuardedBlock* First => _records;

    protected override bool KeepsMemory => true;

    protected override int Count => GuardReportFile.SampleCount;

    /// <summary>Whether an address is one of the pool's.</summary>
    /// <safety>No pointer is followed.</safety>
    public unsafe bool Covers(void* address) => (nuint)((byte*)address - _start) < s_byteCount;

    /// <summary>The record of the place that an address is in.</summary>
    /// <safety>The address is one of the pool's; it is not followed.</safety>
    public unsafe GuardedBlock* PlaceOf(void* address) =>
        _records + nuint.Min((nuint)((byte*)address - _start) / s_placeByteCount, GuardReportFile.SampleCount - 1);

    protected override unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment)
    {
        // Without bytes there is nothing to find out.
        if (byteCount == 0 || byteCount > LargestByteCount || alignment > SystemMemory.PageSize)
        {
            return null;
        }

        int index;
        using (Gate.Enter())
        {
            if (_queueCount == 0)
            {
                return null;
            }

            index = _queue[_queueStart];
            _queueStart = (_queueStart + 1) % _queue.Length;
            _queueCount--;
            SetState(_records + index, GuardedBlockState.None);
        }

        _ = Layout.TryRoundUp(byteCount, SystemMemory.PageSize, out nuint dataByteCount);
        byte* range = _start + ((nuint)index * s_placeByteCount);
        byte* data = range + s_placeByteCount - dataByteCount;
        if (!SystemMemory.Current.Commit(data, dataByteCount))
        {
            using (Gate.Enter())
            {
                Enqueue(_records + index);
            }

            return null;
        }

        // What was here before is still here.
        new Block(data, dataByteCount).ClearFrom(0);
        GuardedBlock* block = _records + index;
        block->RangeStart = (ulong)range;
        block->RangeByteCount = s_placeByteCount + SystemMemory.PageSize;
        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    protected override unsafe GuardedBlock* FindOwn(void* start)
    {
        if (!Covers(start))
        {
            return null;
        }

        GuardedBlock* block = PlaceOf(start);
        return block->State != GuardedBlockState.None && block->Start == (ulong)start ? block : null;
    }

    protected override unsafe void Add(GuardedBlock* block)
    {
        // A place is found by its address.
    }

    protected override unsafe void Enqueue(GuardedBlock* block)
    {
        _queue[(_queueStart + _queueCount) % _queue.Length] = (int)(block - _records);
        _queueCount++;
    }

    private static unsafe GuardPool? TryMake()
    {
        GuardedBlock* records = GuardReportFile.Samples();
        byte* start = records == null ? null : (byte*)SystemMemory.Current.Reserve(s_byteCount, PageKind.Ordinary);
        if (start == null)
        {
            return null;
        }

        var pool = new GuardPool(start, records);
        Use(pool);
        return pool;
    }
}
