using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The places of samples: a fixed number, in one range of addresses, each between two pages that nobody can touch.</summary>
/// <remarks>
/// <para>Addresses are reserved once, and cost no memory: many places of 64 KiB, and some of 1 GiB for larger blocks. A small place keeps
/// the memory that it ever used, 8 MiB in all at most. To give the memory back would cost more than all other work, and so would the
/// kernel's guard pages, which take the memory away (measured: 10 µs for a sample, and 17 µs with guard pages). A large place keeps no
/// memory. The place that was freed first is used first, so that each freed block stays untouchable as long as possible. No managed
/// memory is allocated after the start.</para>
/// <para>Where so many addresses cannot be reserved (<c>ulimit -v</c>), there are no large places.</para>
/// </remarks>
internal sealed class GuardPool : GuardStore
{
    /// <summary>The largest block that a small place holds, in bytes: 64 KiB, or a page if that is more.</summary>
    public static readonly nuint SmallByteCount = nuint.Max(64 * 1024, SystemMemory.PageSize);

    /// <summary>The largest block that a large place holds, in bytes. 32-bit addresses have no room for large places.</summary>
    public static readonly nuint LargestByteCount = nint.Size == 8 ? (nuint)1 << 30 : SmallByteCount;

    private const int LargeCount = 16;
    private const int SmallCount = GuardReportFile.SampleCount - LargeCount;

    private static readonly nuint s_smallPlace = SmallByteCount + SystemMemory.PageSize;
    private static readonly nuint s_largePlace = LargestByteCount + SystemMemory.PageSize;

    /// <summary>The size of all small places in bytes, up to the guard page before the first large place.</summary>
    private static readonly nuint s_smallTotal = s_smallPlace * SmallCount;

    private readonly unsafe byte* _start;
    private readonly nuint _byteCount;
    private readonly unsafe GuardedBlock* _records;
    private readonly GuardQueue _small = new(SmallCount);
    private readonly GuardQueue _large = new(LargeCount);

    private unsafe GuardPool(byte* start, nuint byteCount, bool hasLarge, GuardedBlock* records)
    {
        _start = start;
        _byteCount = byteCount;
        _records = records;
        for (int i = 0; i < GuardReportFile.SampleCount; i++)
        {
            if (i < SmallCount)
            {
                _small.Add(i);
            }
            else if (hasLarge)
            {
                _large.Add(i);
            }
        }
    }

    /// <summary>The pool, made when first asked for; null when there is no room for it.</summary>
    public static GuardPool? Instance { get; } = GuardTrouble.MakeOrNull(TryMake);

    protected override unsafe GuardedBlock* First => _records;

    protected override int Count => GuardReportFile.SampleCount;

    /// <summary>Whether an address is one of the pool's.</summary>
    /// <safety>No pointer is followed.</safety>
    public unsafe bool Covers(void* address) => (nuint)((byte*)address - _start) < _byteCount;

    /// <summary>The record of the place that an address is in.</summary>
    /// <safety>The address is one of the pool's; it is not followed.</safety>
    public unsafe GuardedBlock* PlaceOf(void* address)
    {
        nuint offset = (nuint)((byte*)address - _start);
        return _records + (offset < s_smallTotal
            ? offset / s_smallPlace
            : nuint.Min(SmallCount + ((offset - s_smallTotal) / s_largePlace), GuardReportFile.SampleCount - 1));
    }

    protected override unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment)
    {
        // Without bytes there is nothing to find out.
        if (byteCount == 0 || byteCount > LargestByteCount || alignment > SystemMemory.PageSize)
        {
            return null;
        }

        bool isSmall = byteCount <= SmallByteCount;
        int index;
        using (Gate.Enter())
        {
            if (!(isSmall ? _small : _large).TryTake(out index))
            {
                return null;
            }

            SetState(_records + index, GuardedBlockState.None);
        }

        _ = Layout.TryRoundUp(byteCount, SystemMemory.PageSize, out nuint dataByteCount);
        byte* range = _start + (isSmall ? (nuint)index * s_smallPlace : s_smallTotal + ((nuint)(index - SmallCount) * s_largePlace));
        nuint place = isSmall ? s_smallPlace : s_largePlace;
        byte* data = range + place - dataByteCount;
        if (!Host.Memory.Commit(data, dataByteCount))
        {
            using (Gate.Enter())
            {
                (isSmall ? _small : _large).Add(index);
            }

            return null;
        }

        if (isSmall)
        {
            // What was here before is still here.
            new Block(data, dataByteCount).ClearFrom(0);
        }

        GuardedBlock* block = _records + index;
        block->RangeStart = (ulong)range;
        block->RangeByteCount = place + SystemMemory.PageSize;
        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    protected override unsafe bool Seal(GuardedBlock* block) =>
        block - _records < SmallCount
            ? Host.Memory.Protect((void*)block->DataStart, (nuint)block->DataByteCount, isReadable: false, isWritable: false)
            : base.Seal(block);

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

    protected override unsafe void Enqueue(GuardedBlock* block, bool isSealed)
    {
        int index = (int)(block - _records);
        if (index < SmallCount)
        {
            _small.Add(index);
        }
        else if (isSealed)
        {
            // Otherwise its memory was not given back, and the next block there would not be zero: the place is never used again.
            _large.Add(index);
        }
    }

    private static unsafe GuardPool? TryMake()
    {
        GuardedBlock* records = GuardReportFile.Samples();
        if (records == null)
        {
            return null;
        }

        // The guard page after one place is also the guard page before the next.
        nuint page = SystemMemory.PageSize;
        bool hasLarge = LargestByteCount > SmallByteCount;
        nuint byteCount = s_smallTotal + (hasLarge ? s_largePlace * LargeCount : 0) + page;
        byte* start = (byte*)Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        if (start == null && hasLarge)
        {
            hasLarge = false;
            byteCount = s_smallTotal + page;
            start = (byte*)Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        }

        if (start == null)
        {
            return null;
        }

        var pool = new GuardPool(start, byteCount, hasLarge, records);
        Use(pool);
        return pool;
    }
}
