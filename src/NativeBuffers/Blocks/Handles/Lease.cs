using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The right to use one block, on one thread, until the generation of its slot moves on.</summary>
/// <remarks>
/// Copies of a lease are as good as the first until one of them is returned, renewed or resized; from then on all others
/// are stale, which one comparison shows. The default value leases nothing.
/// </remarks>
internal struct Lease
{
    private readonly unsafe Slot* _slot;
    private readonly Generation _generation;

    // The slot's home, kept here so that a return need not wait for the slot to tell: the next loan waits for the store
    // that its address leads to. Measured: 6.4 ns a round trip without, 3.6 with. Null once a watched block was returned by this variable.
    private unsafe Bin* _home;

    /// <safety>The slot belongs to the caller, on this thread, and has this home.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Lease(Slot* slot, Bin* home)
    {
        _slot = slot;
        _generation = slot->Generation;
        _home = home;
    }

    /// <summary>Whether there is a slot, in this or in an earlier generation.</summary>
    public readonly bool IsNone
    {
        get
        {
            unsafe
            {
                // SAFETY: the pointer is compared, not followed.
                return _slot == null;
            }
        }
    }

    /// <summary>Whether the block was given back, or went to another lease.</summary>
    public readonly bool IsStale
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped, so even a stale lease may read the generation.
                return _slot != null && _slot->Generation.Value != _generation.Value;
            }
        }
    }

    /// <summary>Leases a block for <paramref name="length"/> elements from the default allocator. Its bytes may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lease Rent(int length, int elementSize, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this lease.
            Slot* slot = ThreadCache.TakeHot((ulong)(uint)length * (uint)elementSize, out Bin* bin);
            if (slot == null)
            {
                slot = InstrumentationSwitch.IsOn
                    ? RentWatched(bin, length, elementSize, zeroed: false, file, line, type)
                    : RentBehindHot(bin, length, elementSize, zeroed: false);
                bin = slot->Home;
            }

            return new Lease(slot, bin);
        }
    }

    /// <summary>As <see cref="Rent(int, int, string?, int, Type)"/>, for a caller that has kept its site. Not the shortest path.</summary>
    public static Lease Rent(int length, int elementSize, AllocationSite site)
    {
        unsafe
        {
            // SAFETY: the slot was just taken, so it and its block belong to this lease until it returns them.
            Slot* slot = ThreadCache.TakeHot((ulong)(uint)length * (uint)elementSize, out Bin* bin);
            if (slot == null)
            {
                slot = InstrumentationSwitch.IsOn
                    ? RentWatched(bin, length, elementSize, zeroed: false, site)
                    : RentBehindHot(bin, length, elementSize, zeroed: false);
                bin = slot->Home;
            }

            return new Lease(slot, bin);
        }
    }

    /// <summary>As <see cref="Rent(int, int, string?, int, Type)"/>, with zeroed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lease RentZeroed(int length, int elementSize, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this lease, and its block has at least these bytes.
            ulong byteCount = (ulong)(uint)length * (uint)elementSize;
            Slot* slot = ThreadCache.TakeHot(byteCount, out Bin* bin);
            if (slot == null)
            {
                slot = InstrumentationSwitch.IsOn
                    ? RentWatched(bin, length, elementSize, zeroed: true, file, line, type)
                    : RentBehindHot(bin, length, elementSize, zeroed: true);
                bin = slot->Home;
            }
            else
            {
                CacheLine.Clear(slot->Start, (nuint)byteCount);
            }

            return new Lease(slot, bin);
        }
    }

    /// <summary>Leases a block of <paramref name="allocator"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Lease RentFrom(NativeAllocator allocator, int length, int elementSize, bool zeroed, string? file, int line, Type type)
    {
        // What starts at a cache line must do so also where a guard puts it.
        if (allocator.IsServedByCache && (!AllocatorHooks.IsOn || allocator.Requested is CachingAllocator))
        {
            return zeroed ? RentZeroed(length, elementSize, file, line, type) : Rent(length, elementSize, file, line, type);
        }

        return TryRentFrom(allocator, length, elementSize, zeroed, out Lease lease, file, line, type)
            ? lease
            : throw allocator.RefusalOf(Layout.ByteCount(length, elementSize));
    }

    /// <summary>As <see cref="RentFrom"/>, but false when memory is exhausted.</summary>
    public static bool TryRentFrom(
        NativeAllocator allocator, int length, int elementSize, bool zeroed, out Lease lease, string? file, int line, Type type)
    {
        if (AllocatorHooks.IsWatched(allocator))
        {
            AllocationSite.Note(file, line, type);
        }

        nuint byteCount = Layout.ByteCount(length, elementSize);
        unsafe
        {
            // SAFETY: the slot was just taken, so it and its block belong to this lease until it returns them.
            Slot* slot = allocator.IsServedByCache
                ? TryTake(byteCount, zeroed, allocator)
                : Uncached.TryTakeFrom(allocator, byteCount, zeroed);
            lease = slot == null ? default : new Lease(slot, slot->Home);
            if (InstrumentationSwitch.IsOn && slot != null && slot->Kind == SlotKind.Foreign)
            {
                slot->AllocationSiteId = AllocationSite.At(file, line, type).Id;
            }

            return slot != null;
        }
    }

    /// <summary>As <see cref="RentBehindHot"/>, in a process that watches its blocks.</summary>
    /// <safety>As for <see cref="RentBehindHot"/>.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* RentWatched(
        Bin* bin, int length, int elementSize, bool zeroed, string? file, int line, Type type) =>
        RentWatched(bin, length, elementSize, zeroed, AllocationSite.At(file, line, type));

    /// <safety>As for <see cref="RentBehindHot"/>.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Slot* RentWatched(Bin* bin, int length, int elementSize, bool zeroed, AllocationSite site)
    {
        nuint byteCount = length >= 0 ? (nuint)length * (nuint)elementSize : Layout.ByteCount(length, elementSize);
        Slot* slot = InstrumentedPath.IsOpen(bin) ? InstrumentedPath.TryTake(bin, byteCount, zeroed, site) : TryTakeWatched(bin, byteCount, zeroed, site);
        if (slot == null)
        {
            throw NativeAllocator.Default.RefusalOf(byteCount);
        }

        if (slot->Kind == SlotKind.Foreign)
        {
            slot->AllocationSiteId = site.Id;
        }

        return slot;
    }

    /// <summary>As <see cref="TryTake(nuint, bool)"/>, in a process that watches its blocks.</summary>
    /// <safety>As for <see cref="RentBehindHot"/>.</safety>
    public static unsafe Slot* TryTakeWatched(Bin* bin, nuint byteCount, bool zeroed, AllocationSite site)
    {
        if (ThreadCache.IsNoSample(bin, byteCount))
        {
            return TryTakeUnwatched(byteCount, zeroed);
        }

        AllocationSite.Note(site);
        AllocatorHooks.SetDue();
        return Uncached.TryTakeFrom(CachingAllocator.Instance, byteCount, zeroed);
    }

    /// <summary>The first <paramref name="length"/> elements of the block.</summary>
    /// <safety>The lease was just rented or resized for that many elements.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly unsafe Span<T> View<T>(int length)
        where T : unmanaged => Block.View<T>(_slot->Start, length);

    /// <summary>Gives the block back. A stale lease gives its block back only if that was only resized since; a lease without a slot does nothing.</summary>
    /// <param name="type">The elements' type.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Return(Type type)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. The generation is this lease's, so no other copy has returned the slot,
            // and it moves on before anyone else can take the slot.
            if (_slot != null)
            {
                if (_slot->Generation.Value == _generation.Value && (!InstrumentationSwitch.IsOn || _slot->Kind != SlotKind.Foreign))
                {
                    _slot->Generation.Value = _generation.Value + Generation.Step;
                    ThreadCache.Return(_slot, _home);
                }
                else if (InstrumentationSwitch.IsOn)
                {
                    LeaseEnd.ReturnWatched(_slot, _generation, _home, type);
                    _home = null;
                }
                else
                {
                    LeaseEnd.ReturnStale(_slot, _generation);
                }
            }
        }
    }

    /// <summary>A lease on the same block that makes this one and its copies stale; none when this one already is.</summary>
    public readonly bool TryRenew(out Lease renewed)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is this lease's.
            bool isCurrent = _slot != null && _slot->Generation == _generation;
            renewed = isCurrent ? Renewed() : default;
            return isCurrent;
        }
    }

    /// <summary>The slot, null if there is none.</summary>
    /// <safety>It belongs to the caller if the lease is not stale.</safety>
    public readonly unsafe Slot* Slot => _slot;

    /// <summary>Takes the slot out of this lease, which becomes stale with its copies.</summary>
    /// <safety>This lease is not stale, and not none. The slot belongs to the caller.</safety>
    public readonly unsafe Slot* Take()
    {
        AllocationCounts.Renumber(_slot);
        _slot->Generation = _generation.Next;
        return _slot;
    }

    /// <summary>A lease with room for another length and the same contents; this one and its copies become stale.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; this lease is as it was.</exception>
    /// <safety>This lease is not stale, and was rented or resized for <paramref name="oldLength"/> elements.</safety>
    public readonly unsafe Lease Resize(int oldLength, int newLength, int elementSize, bool zeroed = true)
    {
        nuint newBytes = Layout.ByteCount(newLength, elementSize);
        if (_slot == null)
        {
            return zeroed
                ? RentZeroed(newLength, elementSize, file: null, line: 0, typeof(byte))
                : Rent(newLength, elementSize, file: null, line: 0, typeof(byte));
        }

        Relocation.Resize(_slot, (nuint)oldLength * (nuint)elementSize, newBytes, zeroed);
        ResizeChain.Note(_slot, _generation, _generation.Next);
        return Renewed();
    }

    /// <safety>This lease is not stale.</safety>
    private readonly unsafe Lease Renewed()
    {
        AllocationCounts.Renumber(_slot);
        _slot->Generation = _generation.Next;
        return new Lease(_slot, _slot->Home);
    }

    /// <summary>A slot for a block of <paramref name="length"/> elements, when <see cref="ThreadCache.TakeHot"/> gave none.</summary>
    /// <remarks>Nothing is live after its call, so the JIT saves no registers for it.</remarks>
    /// <safety>The bin is this thread's, or null. The result belongs to the caller.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* RentBehindHot(Bin* bin, int length, int elementSize, bool zeroed)
    {
        if (bin != null)
        {
            Slot* slot = Bin.TryTake(bin);
            if (slot != null)
            {
                if (zeroed)
                {
                    CacheLine.Clear(slot->Start, (nuint)length * (nuint)elementSize);
                }

                return slot;
            }
        }

        return RentSlowly(length, elementSize, zeroed);
    }

    /// <safety>The result belongs to the caller.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* RentSlowly(int length, int elementSize, bool zeroed)
    {
        nuint byteCount = Layout.ByteCount(length, elementSize);
        Slot* slot = TryTake(byteCount, zeroed);
        return slot != null ? slot : throw NativeAllocator.Default.RefusalOf(byteCount);
    }

    /// <summary>A slot with a block of the default allocator; null when memory is exhausted.</summary>
    /// <safety>The result belongs to the caller.</safety>
    public static unsafe Slot* TryTake(nuint byteCount, bool zeroed) => TryTake(byteCount, zeroed, CachingAllocator.Instance);

    /// <summary>As <see cref="TryTake(nuint, bool)"/>, for an allocator that the cache serves, which who watches is told of.</summary>
    /// <safety>The result belongs to the caller.</safety>
    private static unsafe Slot* TryTake(nuint byteCount, bool zeroed, NativeAllocator allocator)
    {
        if (AllocatorHooks.TakesNext(byteCount))
        {
            return Uncached.TryTakeFrom(allocator, byteCount, zeroed);
        }

        // Nobody reads what may have been noted; the next to be asked must not find it.
        AllocationSite.Forget();
        return TryTakeUnwatched(byteCount, zeroed);
    }

    /// <summary>As <see cref="TryTake(nuint, bool)"/>, also where somebody watches: a block that changes places with one that nobody did.</summary>
    /// <safety>The result belongs to the caller.</safety>
    public static unsafe Slot* TryTakeUnwatched(nuint byteCount, bool zeroed)
    {
        if (byteCount > SizeClasses.Largest)
        {
            return Uncached.TryTakeLarge(byteCount, zeroed);
        }

        Slot* slot = AllocateSlowPath.TryTake(byteCount);
        if (zeroed && slot != null)
        {
            CacheLine.Clear(slot->Start, byteCount);
        }

        return slot;
    }
}
