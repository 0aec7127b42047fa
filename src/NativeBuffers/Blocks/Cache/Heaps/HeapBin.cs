using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>A bin of a pool's heap, with the slots that other threads gave back. One thread has it.</summary>
/// <remarks>
/// <para>The owner uses the place of the latest slot as it uses the magazines: inside, and not during a visit. So a visitor may take all
/// blocks of the bin. <see cref="Blocks.Bin.Hot"/>, which visitors may not take, is never used.</para>
/// <para>The memory never becomes anything else: a stale handle may look at it at any time.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct HeapBin
{
    /// <summary>The size class of the bin that takes no block: see <see cref="HeapBins.Closed"/>.</summary>
    public const int NoClass = -1;

    /// <summary>The bin, as the home of slots.</summary>
    public Bin Bin;

    /// <summary>The slot that was given last, or null. While the bin has no room: <see cref="Blocks.Bin.NoRoom"/>.</summary>
    private unsafe Slot* _latest;

    /// <summary>The bins that this one belongs to.</summary>
    public unsafe HeapBins* Set;

    /// <summary>The slots that other threads gave back.</summary>
    public RemoteFrees Frees;

    /// <summary>Whether a bin is part of this type, and not of a <see cref="ThreadCache"/>. By addresses alone.</summary>
    /// <safety>The bin is not null. Bins are never unmapped.</safety>
    public static unsafe bool Is(Bin* bin) => !ThreadCache.IsAmong((Bin*)bin->Cache, bin);

    /// <summary>Makes a bin without room.</summary>
    /// <safety>The memory is new: no other thread knows the bin.</safety>
    public static unsafe void Initialize(HeapBin* bin, HeapBins* set, ThreadCache* cache, int sizeClass)
    {
        Bin.Initialize(&bin->Bin, cache, sizeClass);
        bin->_latest = Bin.NoRoom;
        bin->Set = set;
    }

    /// <summary>Takes the slot that was given last, and sets its home to this bin; null if the loaded magazine is empty, too.</summary>
    /// <safety>The caller is the owner, and has the slot from now on.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTake(HeapBin* bin)
    {
        // The floor comes before the place: an owner that finds the floor low finds the place as the visitor left it.
        int floor = bin->Bin.Gate.Begin();
        Slot* slot = bin->_latest;
        if (IsSlot(slot) && floor == 0)
        {
            bin->_latest = null;
            slot->Home = &bin->Bin;
        }
        else
        {
            slot = Bin.TryTakeInside(&bin->Bin, floor);
        }

        bin->Bin.Gate.Leave();
        return slot;
    }

    /// <summary>Puts a slot into the bin, which then has no home; false if there is no room.</summary>
    /// <safety>The caller is the owner, came in and found this floor, and gives the slot up.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGiveInside(HeapBin* bin, Slot* slot, int floor)
    {
        if (floor == 0 && bin->_latest == null)
        {
            // A release, as in Bin.TryGiveInside.
            Volatile.Write(ref *(nint*)&slot->Home, 0);
            bin->_latest = slot;
            return true;
        }

        return Bin.TryGiveInside(&bin->Bin, slot, floor);
    }

    /// <summary>The number of blocks in a bin; a guess while the owner works.</summary>
    /// <inheritdoc cref="Blocks.Bin.Count" path="/safety"/>
    public static unsafe int CountOf(HeapBin* bin) => bin->Bin.Count + (IsSlot(bin->_latest) ? 1 : 0);

    /// <summary>Gives the bin its magazines.</summary>
    /// <inheritdoc cref="Blocks.Bin.Open" path="/safety"/>
    public static unsafe void Open(HeapBin* bin, Magazine* loaded, Magazine* previous)
    {
        // A visitor takes the latest slot only from a bin with magazines, so this comes first. No slot is there.
        bin->_latest = null;
        bin->Bin.Open(loaded, previous);
    }

    /// <summary>Takes the idle slots out, as <see cref="Blocks.Bin.TakeIdle()"/> does.</summary>
    /// <inheritdoc cref="Blocks.Bin.TakeIdle()" path="/returns|/safety"/>
    public static unsafe Slot* TakeIdle(HeapBin* bin)
    {
        Slot* idle = bin->Bin.TakeIdle();
        Slot* latest = bin->_latest;
        if (IsSlot(latest))
        {
            if (latest->Note == latest->Generation.Value)
            {
                bin->_latest = null;
                latest->Next = idle;
                return latest;
            }

            latest->Note = latest->Generation.Value;
        }

        return idle;
    }

    /// <summary>Gives both magazines and the latest slot up. The slot goes to the list.</summary>
    /// <inheritdoc cref="Blocks.Bin.Close" path="/safety"/>
    public static unsafe void Close(HeapBin* bin, out Magazine* loaded, out Magazine* previous, ref Slot* slots)
    {
        bin->Bin.Close(out loaded, out previous);
        Slot* latest = bin->_latest;
        bin->_latest = Bin.NoRoom;
        if (IsSlot(latest))
        {
            latest->Next = slots;
            slots = latest;
        }
    }

    /// <safety>The pointer is compared, not followed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool IsSlot(Slot* latest) => latest > Bin.NoRoom;

    /// <summary>A bin without room; null when memory is exhausted.</summary>
    /// <safety>The bin is the caller's.</safety>
    public static unsafe HeapBin* TryCreate(HeapBins* set, ThreadCache* cache, int sizeClass)
    {
        var bin = (HeapBin*)TryAllocate((nuint)sizeof(HeapBin));
        if (bin != null)
        {
            Initialize(bin, set, cache, sizeClass);
        }

        return bin;
    }

    /// <summary>Zeroed memory, aligned to a cache line, that is never freed; null when memory is exhausted.</summary>
    /// <safety>The memory is the caller's.</safety>
    public static unsafe void* TryAllocate(nuint byteCount)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            void* memory = NativeMemory.AlignedAlloc(byteCount, CacheLine.Size);
            NativeMemory.Clear(memory, byteCount);
            return memory;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
