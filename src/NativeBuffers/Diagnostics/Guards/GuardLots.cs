using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Ranges of a few pages that are guarded as a whole, and wait for a block of their size. The caller locks.</summary>
/// <remarks>
/// The kernel's guard pages are no mappings. So all ranges of a lot are one mapping, and lots that lie side by side are one mapping, too.
/// A range is never given back to the system, because that would cut a mapping in two. Without a block, a range takes addresses but no
/// memory.
/// </remarks>
internal sealed class GuardLots
{
    /// <summary>The largest range, in pages, the guard pages included. Larger ranges are rare, and have a mapping each.</summary>
    private const int LargestPageCount = 16;

    /// <summary>How many ranges are made at a time.</summary>
    private const int LotLength = 16;

    private readonly unsafe GuardedBlock* _records;
    private readonly GuardRecords _vacant;

    /// <summary>For each size the first waiting record, and for each record the next one; below 0 if there is none.</summary>
    private readonly int[] _first = new int[LargestPageCount + 1];
    private readonly int[] _next = new int[GuardReportFile.MappingCount];

    /// <param name="records">The records of all blocks. A waiting range has a record that no block has.</param>
    /// <param name="vacant">Where records come from.</param>
    /// <safety>The records are as many as the report knows, and stay for as long as the process lives.</safety>
    public unsafe GuardLots(GuardedBlock* records, GuardRecords vacant)
    {
        _records = records;
        _vacant = vacant;
        Array.Fill(_first, -1);
    }

    /// <summary>Takes the record of a range that cannot be touched; false if there is no range of this size.</summary>
    public bool TryTake(nuint byteCount, out int index)
    {
        nuint pageCount = byteCount / SystemMemory.PageSize;
        if (pageCount > LargestPageCount || (_first[pageCount] < 0 && !TryMakeLot(byteCount)))
        {
            index = -1;
            return false;
        }

        index = _first[pageCount];
        _first[pageCount] = _next[index];
        return true;
    }

    /// <summary>Adds the record of a range that cannot be touched, to wait for a block.</summary>
    /// <safety>The record is one of this store's, with such a range and no block.</safety>
    public unsafe void Add(int index)
    {
        ref int first = ref _first[_records[index].RangeByteCount / SystemMemory.PageSize];
        _next[index] = first;
        first = index;
    }

    private unsafe bool TryMakeLot(nuint byteCount)
    {
        Span<int> taken = stackalloc int[LotLength];
        int count = 0;
        while (count < LotLength && _vacant.TryTake(out int index))
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
                _vacant.Add(taken[i]);
                continue;
            }

            GuardedBlock* record = _records + taken[i];
            record->RangeStart = (ulong)(start + ((nuint)i * byteCount));
            record->RangeByteCount = byteCount;
            record->IsInLot = true;
            Add(taken[i]);
        }

        return start != null;
    }
}
