using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The records that no block has, and the lots: guarded address ranges that wait for a block of their size. The caller locks.</summary>
/// <remarks>
/// <para>A record is used again before a new one is taken, so that the report stays short. The system gives the stack memory only where it
/// is used.</para>
/// <para>The kernel's guard pages are no mappings. So all ranges of a lot are one mapping, and adjacent lots are one mapping, too.
/// A range is never given back to the system, because that would cut a mapping in two. Without a block, a range takes addresses but no
/// memory.</para>
/// </remarks>
internal sealed class GuardRecords
{
    /// <summary>The largest range in pages, guard pages included. Larger ranges are rare, and have a mapping each.</summary>
    private const int LargestPageCount = 16;

    /// <summary>The number of ranges in a lot.</summary>
    private const int LotLength = 16;

    private readonly unsafe GuardedBlock* _records;
    private readonly int _capacity;
    private readonly Stack<int> _vacant;

    /// <summary>For each size the first waiting record, and for each record the next one; below 0 if there is none.</summary>
    private readonly int[] _first = new int[LargestPageCount + 1];
    private readonly int[] _next;

    /// <safety>There are <paramref name="capacity"/> records, which stay mapped for as long as the process lives.</safety>
    public unsafe GuardRecords(GuardedBlock* records, int capacity)
    {
        _records = records;
        _capacity = capacity;
        _vacant = new Stack<int>(capacity);
        _next = new int[HasGuardPages ? capacity : 0];
        Array.Fill(_first, -1);
    }

    /// <summary>Whether the kernel's guard pages are used (Linux 6.13 and later). Otherwise pages are protected, which makes more mappings.</summary>
    /// <remarks>The environment variable <c>NATIVEBUFFERS_GUARD_PAGES=protected</c> turns them off, for example in tests.</remarks>
    public static bool HasGuardPages { get; } =
        Environment.GetEnvironmentVariable("NATIVEBUFFERS_GUARD_PAGES") != "protected" && Host.Memory.HasGuardPages;

    /// <summary>The number of records that were ever taken.</summary>
    public int UsedCount { get; private set; }

    /// <summary>Takes a record without a range; false if the report has no room for one.</summary>
    public bool TryTake(out int index)
    {
        if (_vacant.TryPop(out index))
        {
            return true;
        }

        index = UsedCount;
        if (index == _capacity || !ProcessReport.TryReach(index))
        {
            index = -1;
            return false;
        }

        UsedCount++;
        return true;
    }

    /// <summary>Adds a record without a range.</summary>
    public void Add(int index) => _vacant.Push(index);

    /// <summary>Takes a record with an untouchable range from a lot; false if there is none of this size.</summary>
    public bool TryTakeFromLot(nuint byteCount, out int index)
    {
        nuint pageCount = byteCount / SystemMemory.PageSize;
        if (!HasGuardPages || pageCount > LargestPageCount || (_first[pageCount] < 0 && !TryMakeLot(byteCount)))
        {
            index = -1;
            return false;
        }

        index = _first[pageCount];
        _first[pageCount] = _next[index];
        return true;
    }

    /// <summary>Adds a record to the ranges that wait for a block.</summary>
    /// <safety>The index is below the capacity. The record has an untouchable range of a lot, and no block.</safety>
    public unsafe void AddToLot(int index)
    {
        ref int first = ref _first[_records[index].RangeByteCount / SystemMemory.PageSize];
        _next[index] = first;
        first = index;
    }

    /// <safety>The records stay mapped; the ones taken here have no block.</safety>
    private unsafe bool TryMakeLot(nuint byteCount)
    {
        Span<int> taken = stackalloc int[LotLength];
        int count = 0;
        while (count < LotLength && TryTake(out int index))
        {
            taken[count++] = index;
        }

        nuint lotByteCount = byteCount * (nuint)count;
        byte* start = count == 0 ? null : (byte*)Host.Memory.Allocate(lotByteCount, 1);
        if (start != null && !Host.Memory.Guard(start, lotByteCount))
        {
            Host.Memory.Free(start, lotByteCount);
            start = null;
        }

        for (int i = 0; i < count; i++)
        {
            if (start == null)
            {
                Add(taken[i]);
                continue;
            }

            GuardedBlock* record = _records + taken[i];
            record->RangeStart = (ulong)(start + ((nuint)i * byteCount));
            record->RangeByteCount = byteCount;
            record->IsInLot = true;
            AddToLot(taken[i]);
        }

        return start != null;
    }
}
