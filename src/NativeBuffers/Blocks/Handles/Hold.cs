using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The right of an object or a value on the managed heap to a block, until its generation is over. For any thread.</summary>
/// <remarks>
/// Where a <see cref="Lease"/> is confined to its thread, a hold may be copied, stored and closed by anyone: who closes
/// it first, closes it for all. The default value holds nothing.
/// </remarks>
internal readonly struct Hold
{
    private readonly Loan _loan;

    /// <safety>The slot belongs to the caller, is free, and has this home. It is given back if this throws.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Hold(Slot* slot, Bin* home)
    {
        Cleaner = Cleaner.OfTaken(slot);
        Generation opened = slot->Generation.Moved(SlotState.Scoped, SlotState.Open);
        slot->Generation = opened;
        _loan = new Loan(slot, opened, home);
    }

    /// <safety>The slot is held in this generation, or was; the cleaner is its own.</safety>
    public unsafe Hold(Cleaner cleaner, Slot* slot, Generation opened)
    {
        Cleaner = cleaner;
        _loan = new Loan(slot, opened, slot->Home);
    }

    /// <summary>Whoever holds must refer to it, and so must whoever uses the block by this hold: see <see cref="Blocks.Lifecycle.Cleaner"/>.</summary>
    public Cleaner? Cleaner { get; }

    /// <summary>The generation that is held.</summary>
    public Generation Opened => _loan.Opened;

    /// <summary>The slot, null if nothing is held.</summary>
    /// <safety>Look at its generation before anything else.</safety>
    public unsafe Slot* Slot => _loan.Slot;

    /// <summary>Whether nothing is held, and never was.</summary>
    public bool IsNone
    {
        get
        {
            unsafe
            {
                // SAFETY: the pointer is compared, not followed.
                return _loan.Slot == null;
            }
        }
    }

    /// <summary>Whether this generation is open.</summary>
    public bool IsOpen
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped.
                Slot* slot = _loan.Slot;
                Generation now = slot != null ? slot->ReadGeneration() : new Generation(ulong.MaxValue);
                return now.IsOpenFor(_loan.Opened) || (now.Is(SlotState.Exclusive, _loan.Opened) && CloseProtocol.IsOpenMeanwhile(slot, _loan.Opened));
            }
        }
    }

    /// <summary>Holds a block for <paramref name="length"/> elements from the default allocator. Its bytes may hold anything.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length cannot be one.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Hold Rent(int length, int elementSize, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this hold.
            Slot* slot = ThreadCache.TakeHot((ulong)(uint)length * (uint)elementSize, out Bin* bin);
            if (slot == null)
            {
                slot = InstrumentationSwitch.IsOn
                    ? Lease.RentWatched(bin, length, elementSize, zeroed: false, file, line, type)
                    : Lease.RentBehindHot(bin, length, elementSize, zeroed: false);
                bin = slot->Home;
            }

            return new Hold(slot, bin);
        }
    }

    /// <summary>Holds a block of an allocator, of the default one if null.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Hold Rent(nuint byteCount, NativeAllocator? allocator, bool zeroed, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this hold, and has at least these bytes.
            if (allocator is null)
            {
                Slot* slot = ThreadCache.TakeHot(byteCount, out Bin* bin);
                if (slot != null)
                {
                    if (zeroed)
                    {
                        CacheLine.Clear(slot->Start, byteCount);
                    }

                    return new Hold(slot, bin);
                }

                return InstrumentationSwitch.IsOn
                    ? RentWatched(bin, byteCount, zeroed, file, line, type)
                    : RentSlowly(byteCount, allocator: null, zeroed);
            }

            return RentFrom(allocator, byteCount, zeroed, file, line, type);
        }
    }

    /// <summary>Takes over what a scoped buffer has; the lease and its copies are stale then.</summary>
    /// <safety>The lease is not stale, and not none.</safety>
    public static unsafe Hold Take(Lease lease)
    {
        // What can fail comes first.
        Cleaner cleaner = Cleaner.Of(lease.Slot);
        Slot* slot = lease.Take();
        GC.KeepAlive(cleaner);
        return new Hold(slot, slot->Home);
    }

    /// <summary>Holds a block that came from elsewhere.</summary>
    /// <safety>The block is the caller's to give up, and the allocator can free so many bytes there.</safety>
    /// <exception cref="InvalidOperationException">Such a block would reach the last page of the address space.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is still the caller's.</exception>
    public static unsafe Hold Adopt(void* start, nuint byteCount, NativeAllocator freedBy)
    {
        ReturnedBlock.ThrowIfOutside(freedBy, start, byteCount);
        Slot* slot = Uncached.TryAdopt(start, byteCount, freedBy);
        if (slot == null)
        {
            throw NativeAllocator.Default.RefusalOf((nuint)sizeof(Slot));
        }

        Cleaner cleaner;
        try
        {
            cleaner = Cleaner.Of(slot);
        }
        catch (OutOfMemoryException)
        {
            // No cleaner: the block goes back to the caller.
            slot->Generation = slot->Generation.With(SlotState.Exclusive);
            _ = Uncached.Detach(slot);
            throw;
        }

        var hold = new Hold(slot, slot->Home);
        GC.KeepAlive(cleaner);
        return hold;
    }

    /// <summary>The first elements of the block; false when the generation is over.</summary>
    /// <safety>The block was rented for as many elements.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool TryView<T>(int length, out Span<T> view)
        where T : unmanaged
    {
        Slot* slot = _loan.Slot;
        if (slot != null)
        {
            // The address first: it was this generation's if the generation is open afterwards.
            void* start = (void*)Volatile.Read(ref *(nint*)&slot->Start);
            if (HasRoom((ulong)(uint)length * (uint)sizeof(T)) && slot->ReadGeneration().IsOpenFor(_loan.Opened))
            {
                view = Block.View<T>(start, length);
                GC.KeepAlive(Cleaner);
                return true;
            }
        }

        view = default;
        return false;
    }

    /// <summary>
    /// Whether the cleaner is the slot's, and keeps the block for this hold. It is not if the value is put together from two, because a
    /// thread stored one while another thread read it.
    /// </summary>
    /// <remarks>Ask while the generation is open.</remarks>
    public bool IsGuarded
    {
        get
        {
            unsafe
            {
                // SAFETY: the slot's pointer is compared, not followed: neither length nor lifetime matters.
                return Cleaner is { } cleaner && cleaner.IsOf(_loan.Slot);
            }
        }
    }

    /// <summary>
    /// Whether the block has so many bytes. Not so, if the value is put together from two, one of which was just being stored
    /// while it was read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasRoom(ulong byteCount)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped; something is held, or was.
            return byteCount <= (ulong)Volatile.Read(ref *(nint*)&_loan.Slot->ByteCount);
        }
    }

    /// <summary>
    /// Gives the block back, on its own thread without an atomic operation. Before it is used by any other means than
    /// <see cref="TryView"/>, call <see cref="TryShare"/>.
    /// </summary>
    /// <remarks>
    /// <para>Others may close the slot at the same time. They move its generation on by one atomic operation, and then, after
    /// a barrier in every core, wait until this thread is not inside. So either this thread sees what they did, or its own
    /// store wins, and they see that: <see cref="CloseProtocol"/> has the whole story.</para>
    /// <para>At most fifteen statements, all in one method: the JIT copies no longer a <c>finally</c> into the method that
    /// has it, and calls it instead. Measured: 2.5 and 4.5 ns a round trip.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Return()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. The home is that of this loan, and this thread's own if it says so. A value that is put
            // together from two may have a home but no slot, so both are checked.
            if (_loan.Slot != null && ThreadCache.IsMineForSize(_loan.Home))
            {
                Volatile.Write(ref _loan.Home->Inside, 1);
                if (((Volatile.Read(ref _loan.Slot->Generation.Value) ^ _loan.Opened.Value) | ((ulong)_loan.Slot->Home ^ (ulong)_loan.Home)
                    | (ulong)_loan.Home->Hot) == 0)
                {
                    _loan.Slot->Generation.Value = _loan.Opened.Value + Loan.ToNext;
                    _loan.Home->Hot = _loan.Slot;
                    Volatile.Write(ref _loan.Home->Inside, 0);
                    return;
                }
            }

            Close(_loan.Slot, _loan.Opened, _loan.Home, Cleaner);
        }
    }

    /// <summary>Of a new hold that is not to be returned by <see cref="Return"/>: see <see cref="CloseProtocol.BeginAtHome"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeginAtHome()
    {
        unsafe
        {
            // SAFETY: the caller has just rented, and nobody else knows this hold.
            CloseProtocol.BeginAtHome(_loan.Slot, _loan.Opened);
        }
    }

    /// <summary>Waits a moment for the thread that excludes the others.</summary>
    /// <exception cref="InvalidOperationException">This thread itself excludes the others.</exception>
    public void Wait(ref Backoff backoff)
    {
        unsafe
        {
            // SAFETY: the slot's pointer is compared, not followed: neither length nor lifetime matters.
            CloseProtocol.Wait(_loan.Slot, ref backoff);
        }
    }

    /// <summary>Lets the block be borrowed and pinned, by any thread; false when the generation is over.</summary>
    public bool TryShare()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and this generation was held by this hold.
            return _loan.Slot != null && CloseProtocol.TryLeaveHeld(_loan.Slot, _loan.Opened);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Hold RentWatched(Bin* bin, nuint byteCount, bool zeroed, string? file, int line, Type type)
    {
        Slot* slot = Lease.TryTakeWatched(bin, byteCount, zeroed, AllocationSite.At(file, line, type));
        return Over(slot, byteCount, NativeAllocator.Default);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Hold RentFrom(NativeAllocator allocator, nuint byteCount, bool zeroed, string? file, int line, Type type)
    {
        if (AllocatorHooks.IsWatched(allocator))
        {
            AllocationSite.Note(file, line, type);
        }

        return RentSlowly(byteCount, allocator, zeroed);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Hold RentSlowly(nuint byteCount, NativeAllocator? allocator, bool zeroed)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this hold.
            Slot* slot = allocator is null || allocator.Requested is CachingAllocator
                ? Lease.TryTake(byteCount, zeroed)
                : Uncached.TryTakeFrom(allocator, byteCount, zeroed);
            return Over(slot, byteCount, allocator ?? NativeAllocator.Default);
        }
    }

    /// <safety>The slot, if there is one, belongs to the caller and is free.</safety>
    private static unsafe Hold Over(Slot* slot, nuint byteCount, NativeAllocator allocator)
    {
        return slot != null ? new Hold(slot, slot->Home) : throw allocator.RefusalOf(byteCount);
    }

    /// <remarks>Nothing is live after its call, so the JIT saves no registers for it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Close(Slot* slot, Generation opened, Bin* home, Cleaner? cleaner)
    {
        if (slot != null)
        {
            if (ThreadCache.IsMineForSize(home))
            {
                Volatile.Write(ref home->Inside, 0);
            }

            _ = CloseProtocol.Close(slot, opened);
        }

        GC.KeepAlive(cleaner);
    }
}
