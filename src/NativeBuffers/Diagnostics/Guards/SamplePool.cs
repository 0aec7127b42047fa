using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The guarded pool of samples, as in GWP-ASan: a fixed number of slots in one address range, with a guard page between two slots.</summary>
/// <remarks>
/// <para>The address range is reserved once, and costs no memory: many slots of 64 KiB, and some of 1 GiB for larger blocks. A small slot
/// keeps the memory that it ever used, 8 MiB in all slots at most. To give the memory back would cost more than all other work. So would
/// the kernel's guard pages, which take the memory away (measured: 10 µs for a sample, and 17 µs with guard pages). A large slot keeps no
/// memory. The slot that was freed first is used first, so that each freed block stays untouchable as long as possible. No managed memory
/// is allocated after the start.</para>
/// <para>If the address range cannot be reserved (<c>ulimit -v</c>), there are no large slots.</para>
/// </remarks>
internal sealed class SamplePool : GuardedPool
{
    /// <summary>The largest block of a small slot, in bytes: 64 KiB, or a page if that is more.</summary>
    public static readonly nuint SmallByteCount = nuint.Max(64 * 1024, SystemMemory.PageSize);

    /// <summary>The largest block of a large slot, in bytes. 32-bit addresses have no room for large slots.</summary>
    public static readonly nuint LargestByteCount = nint.Size == 8 ? (nuint)1 << 30 : SmallByteCount;

    private const int LargeCount = 16;
    private const int SmallCount = ProcessReport.SampleCount - LargeCount;

    private static readonly nuint s_smallSlot = SmallByteCount + SystemMemory.PageSize;
    private static readonly nuint s_largeSlot = LargestByteCount + SystemMemory.PageSize;

    /// <summary>The size of all small slots in bytes, up to the guard page before the first large slot.</summary>
    private static readonly nuint s_smallTotal = s_smallSlot * SmallCount;

    private readonly unsafe byte* _start;
    private readonly nuint _byteCount;
    private readonly unsafe GuardedBlock* _records;
    private readonly Queue<int> _small = new(Enumerable.Range(0, SmallCount));
    private readonly Queue<int> _large;

    /// <safety>The address range and the records stay for as long as the process lives, and are this pool's alone.</safety>
    private unsafe SamplePool(byte* start, nuint byteCount, bool hasLarge, GuardedBlock* records)
    {
        _start = start;
        _byteCount = byteCount;
        _records = records;
        _large = new Queue<int>(Enumerable.Range(SmallCount, hasLarge ? LargeCount : 0));
    }

    /// <summary>The pool, made on first use; null if there is no room for it.</summary>
    public static SamplePool? Instance { get; } = MakeOrNull(TryMake);

    /// <inheritdoc/>
    protected override unsafe Span<GuardedBlock> Records => new(_records, ProcessReport.SampleCount);

    /// <summary>Whether an address is inside the pool's address range.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    public unsafe bool Covers(void* address) => (nuint)((byte*)address - _start) < _byteCount;

    /// <summary>The record of the slot that an address is in.</summary>
    /// <safety>The pool covers the address, which is used as a number only.</safety>
    public unsafe GuardedBlock* SlotOf(void* address)
    {
        nuint offset = (nuint)((byte*)address - _start);
        return _records + (offset < s_smallTotal
            ? offset / s_smallSlot
            : nuint.Min(SmallCount + ((offset - s_smallTotal) / s_largeSlot), ProcessReport.SampleCount - 1));
    }

    /// <inheritdoc/>
    protected override unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment)
    {
        // A block without bytes cannot be used wrongly.
        if (byteCount == 0 || byteCount > LargestByteCount || alignment > SystemMemory.PageSize)
        {
            return null;
        }

        bool isSmall = byteCount <= SmallByteCount;
        Queue<int> slots = isSmall ? _small : _large;
        int index;
        using (PoolLock.Enter())
        {
            if (!slots.TryDequeue(out index))
            {
                return null;
            }

            SetState(_records + index, GuardedBlock.Use.None);
        }

        _ = Layout.TryRoundUp(byteCount, SystemMemory.PageSize, out nuint dataByteCount);
        byte* range = _start + (isSmall ? (nuint)index * s_smallSlot : s_smallTotal + ((nuint)(index - SmallCount) * s_largeSlot));
        nuint slot = isSmall ? s_smallSlot : s_largeSlot;
        byte* data = range + slot - dataByteCount;
        if (!Host.Memory.Commit(data, dataByteCount))
        {
            using UninterruptedLock.Scope scope = PoolLock.Enter();
            slots.Enqueue(index);
            return null;
        }

        if (isSmall)
        {
            // A small slot keeps the contents of its last block.
            new Block(data, dataByteCount).ClearFrom(0);
        }

        GuardedBlock* block = _records + index;
        block->RangeStart = (ulong)range;
        block->RangeByteCount = slot + SystemMemory.PageSize;
        block->DataStart = (ulong)data;
        block->DataByteCount = dataByteCount;
        return block;
    }

    /// <inheritdoc/>
    protected override unsafe bool Seal(GuardedBlock* block) =>
        block - _records < SmallCount
            ? Host.Memory.Protect((void*)block->DataStart, (nuint)block->DataByteCount, isReadable: false, isWritable: false)
            : base.Seal(block);

    /// <inheritdoc/>
    protected override unsafe GuardedBlock* FindOwn(void* start)
    {
        if (!Covers(start))
        {
            return null;
        }

        GuardedBlock* block = SlotOf(start);
        return block->State != GuardedBlock.Use.None && block->Start == (ulong)start ? block : null;
    }

    /// <inheritdoc/>
    protected override unsafe void Enqueue(GuardedBlock* block, bool isSealed)
    {
        int index = (int)(block - _records);
        if (index < SmallCount)
        {
            _small.Enqueue(index);
        }
        else if (isSealed)
        {
            // Otherwise the system kept the memory, and the next block would not be zero: the slot is never used again.
            _large.Enqueue(index);
        }
    }

    /// <safety>Called once: the records are this pool's alone.</safety>
    private static unsafe SamplePool? TryMake()
    {
        GuardedBlock* records = ProcessReport.Samples();
        if (records == null)
        {
            return null;
        }

        // The guard page after one slot is also the guard page before the next slot.
        nuint page = SystemMemory.PageSize;
        bool hasLarge = LargestByteCount > SmallByteCount;
        nuint byteCount = s_smallTotal + (hasLarge ? s_largeSlot * LargeCount : 0) + page;
        byte* start = (byte*)Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        if (start == null && hasLarge)
        {
            hasLarge = false;
            byteCount = s_smallTotal + page;
            start = (byte*)Host.Memory.Reserve(byteCount, PageKind.Ordinary);
        }

        return start == null ? null : new SamplePool(start, byteCount, hasLarge, records);
    }
}
