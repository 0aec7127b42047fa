using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>A handle of any thread: the right to a slot's block in one generation. Values and objects on the managed heap have it.</summary>
/// <remarks>
/// <para>It may be copied and stored, and any thread may close it: the first close counts for all copies. The default value is the
/// handle of no block. See <see cref="ConfinedHandle"/> for the reason why there are two kinds.</para>
/// <para>A value may be torn: one thread has stored it to a field while another thread has read the field, so parts of two values are
/// mixed. No torn value may reach memory that is not its own.</para>
/// </remarks>
internal readonly struct SharedHandle
{
    // The cleaner's finalizer closes the generation if no handle or owner refers to it any more. Each use of the block keeps it alive. Null if
    // the owner has a finalizer itself.
    private readonly Cleaner? _cleaner;
    private readonly unsafe Slot* _slot;
    private readonly Generation _opened;

    // The slot's home when the block was opened: see ConfinedHandle.
    private readonly unsafe Bin* _home;

    /// <safety>The slot is in this generation, or was. The cleaner is its own.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe SharedHandle(Cleaner? cleaner, Slot* slot, Generation opened, Bin* home)
    {
        _cleaner = cleaner;
        _slot = slot;
        _opened = opened;
        _home = home;
    }

    /// <summary>The cleaner of the slot. Null if there is none: then the owner needs a finalizer itself.</summary>
    public Cleaner? Cleaner => _cleaner;

    /// <summary>The generation of the handle, in the state <see cref="SlotState.Open"/>.</summary>
    public Generation Opened => _opened;

    /// <summary>The slot, null if there is none.</summary>
    /// <safety>The slot is never unmapped. Compare its generation before anything else.</safety>
    public unsafe Slot* Slot => _slot;

    /// <summary>Whether this is the handle of no block, and never was of one.</summary>
    public bool IsNone
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

    /// <summary>Whether the value has the generation of <c>default</c>, and the slot of another value. A discarded slot has this generation, too.</summary>
    private bool IsTornFromDefault => _opened.Value == 0;

    /// <summary>Whether the generation is open.</summary>
    public bool IsOpen
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped, so the generation may be read at any time.
                if (_slot == null || IsTornFromDefault)
                {
                    return false;
                }

                Generation now = _slot->ReadGeneration();
                return now.IsOpenFor(_opened) || (now.Is(SlotState.Exclusive, _opened) && CloseProtocol.IsOpenWhileExclusive(_slot, _opened));
            }
        }
    }

    /// <summary>Whether the cleaner is that of the slot, so that it keeps the block for this handle; not so in a torn value.</summary>
    /// <remarks>Ask while the generation is open.</remarks>
    public bool IsKeptByCleaner
    {
        get
        {
            unsafe
            {
                // SAFETY: the slot's pointer is compared, not followed.
                return _cleaner is { } cleaner && cleaner.IsOf(_slot);
            }
        }
    }

    /// <summary>Opens a block of the default allocator. Its bytes may hold anything.</summary>
    /// <inheritdoc cref="AllocatePath.Take(int, int, bool, string, int, Type, out Bin*)" path="/param|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedHandle Open(int length, int elementSize, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: null is no slot.
            return Open(taken: null, length, elementSize, file, line, type);
        }
    }

    /// <summary>Opens the block of a slot that was just taken; of the default allocator if null. Its bytes may hold anything.</summary>
    /// <inheritdoc cref="Open(int, int, string, int, Type)" path="/param|/exception"/>
    /// <safety>The taken slot and its block are the caller's, and belong to this handle until it is closed.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SharedHandle Open(Slot* taken, int length, int elementSize, string? file, int line, Type type)
    {
        Bin* home = HomeOf(ref taken, length, elementSize, file, line, type);
        return Open(taken, home, Cleaner.OfTaken(taken));
    }

    /// <summary>The same for a new owner, which has a finalizer itself if the handle has no cleaner.</summary>
    /// <inheritdoc cref="Open(Slot*, int, int, string, int, Type)" path="/param|/exception|/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SharedHandle OpenForOwner(Slot* taken, int length, int elementSize, string? file, int line, Type type)
    {
        Bin* home = HomeOf(ref taken, length, elementSize, file, line, type);
        return Open(taken, home, Cleaner.OfReused(taken));
    }

    /// <summary>Opens a block of a chosen allocator; of the default one if null.</summary>
    /// <inheritdoc cref="AllocatePath.Take(nuint, NativeAllocator, bool, string, int, Type, out Bin*)" path="/param|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedHandle Open(nuint byteCount, NativeAllocator? allocator, bool zeroed, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: the slot and its block belong to this handle until it is closed.
            Slot* slot = AllocatePath.Take(byteCount, allocator, zeroed, file, line, type, out Bin* home);
            return Open(slot, home, Cleaner.OfTaken(slot));
        }
    }

    /// <summary>The same for a new owner, which has a finalizer itself if the handle has no cleaner.</summary>
    /// <inheritdoc cref="AllocatePath.Take(nuint, NativeAllocator, bool, string, int, Type, out Bin*)" path="/param|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SharedHandle OpenForOwner(nuint byteCount, NativeAllocator? allocator, bool zeroed, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: the slot and its block belong to this handle until it is closed.
            Slot* slot = AllocatePath.Take(byteCount, allocator, zeroed, file, line, type, out Bin* home);
            return Open(slot, home, Cleaner.OfReused(slot));
        }
    }

    /// <summary>Opens the block of a confined handle, which is stale then with its copies.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the confined handle is unchanged.</exception>
    /// <safety>The confined handle is current, and not none.</safety>
    public static unsafe SharedHandle Take(ConfinedHandle confined)
    {
        // The cleaner comes first, because it may fail.
        Cleaner cleaner = Cleaner.Of(confined.Slot);
        Slot* slot = confined.Take();
        return Open(slot, slot->Home, cleaner);
    }

    /// <summary>Opens a block that other code has allocated.</summary>
    /// <safety>The block is the caller's to give up, has this size, and <paramref name="freedBy"/> can free it.</safety>
    /// <exception cref="InvalidOperationException">Such a block would reach the last page of the address space.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is still the caller's.</exception>
    public static unsafe SharedHandle Adopt(void* start, nuint byteCount, NativeAllocator freedBy)
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
            // There is no cleaner, so the block goes back to the caller.
            slot->Generation = slot->Generation.With(SlotState.Exclusive);
            _ = Uncached.Detach(slot);
            throw;
        }

        return Open(slot, slot->Home, cleaner);
    }

    /// <summary>The first elements of the block; false if the generation is over, or if the block is too small for a torn value.</summary>
    /// <safety>The handle was opened for that many elements, unless the value is torn. The span is used while the generation is open.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool TryView<T>(int length, out Span<T> view)
        where T : unmanaged
    {
        Slot* slot = _slot;
        if (slot != null && !IsTornFromDefault)
        {
            // The address is read first: it was this generation's if the generation is open afterwards.
            void* start = (void*)Volatile.Read(ref *(nint*)&slot->Start);
            if (HasRoom((ulong)(uint)length * (uint)sizeof(T)) && slot->ReadGeneration().IsOpenFor(_opened))
            {
                view = Block.View<T>(start, length);
                GC.KeepAlive(_cleaner);
                return true;
            }
        }

        view = default;
        return false;
    }

    /// <summary>Whether the block has that many bytes; perhaps not so in a torn value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasRoom(ulong byteCount)
    {
        unsafe
        {
            // SAFETY: the handle is not none, and slots are never unmapped.
            return byteCount <= (ulong)Volatile.Read(ref *(nint*)&_slot->ByteCount);
        }
    }

    /// <summary>Gives the block back, on the home's thread without an atomic operation.</summary>
    /// <remarks>
    /// <para>Call <see cref="TryShare"/> before any use of the block except <see cref="TryView"/>.</para>
    /// <para>Another thread may close the slot at the same time. It moves the generation on by a compare-and-swap, passes a barrier in
    /// every core, and waits until this thread is not inside. So this thread sees the other generation, or its own store wins, and
    /// the other thread sees that: <see cref="CloseProtocol"/> has the proof.</para>
    /// <para>The method has at most fifteen statements. The JIT copies no longer <c>finally</c> into the method that has it, and calls
    /// it instead. Measured: 2.5 and 4.5 ns a round trip.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Return()
    {
        unsafe
        {
            // SAFETY: slots and homes are never unmapped, and only this thread's home is written. A torn value may have a home and no
            // slot, so both are checked.
            Bin* bins = ThreadCache.Mine;
            if (_slot != null && ThreadCache.IsForSize(bins, _home))
            {
                Volatile.Write(ref _home->Gate.Inside, 1);
                if (((Volatile.Read(ref _slot->Generation.Value) ^ _opened.Value) | ((ulong)_slot->Home ^ (ulong)_home)
                    | (ulong)_home->Hot) == 0)
                {
                    _slot->Generation.Value = _opened.Value + Generation.FromOpenToNext;
                    _home->Hot = _slot;

                    // Not a call of Leave, which is a statement more for the JIT: it copies only a short finally to the place that needs it.
                    Volatile.Write(ref _home->Gate.Inside, 0);
                    return;
                }
            }

            Close(_slot, _opened, _home, _cleaner, bins);
        }
    }

    /// <summary>Begins the generation as biased, if the slot is expected to stay on this thread: see <see cref="CloseProtocol.BeginAtHome"/>.</summary>
    /// <remarks>Only for a new handle that <see cref="Return"/> will not return.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeginAtHome()
    {
        unsafe
        {
            // SAFETY: the caller has just opened the slot, and no other thread knows this handle.
            CloseProtocol.BeginAtHome(_slot, _opened);
        }
    }

    /// <inheritdoc cref="CloseProtocol.Wait"/>
    public void Wait(ref Backoff backoff)
    {
        unsafe
        {
            // SAFETY: the slot's pointer is compared, not followed.
            CloseProtocol.Wait(_slot, ref backoff);
        }
    }

    /// <summary>Allows any thread to borrow and pin the block; false if the generation is over.</summary>
    public bool TryShare()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and this handle had the generation.
            return _slot != null && !IsTornFromDefault && CloseProtocol.TryAllowUses(_slot, _opened);
        }
    }

    /// <summary>The home of a slot that was just taken; of a new one of the default allocator if it is null.</summary>
    /// <safety>The slot and its block are the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Bin* HomeOf(ref Slot* taken, int length, int elementSize, string? file, int line, Type type)
    {
        Bin* home;
        if (taken == null)
        {
            taken = AllocatePath.Take(length, elementSize, zeroed: false, file, line, type, out home);
        }
        else
        {
            home = taken->Home;
        }

        return home;
    }

    /// <safety>The slot belongs to the caller, in the state scoped, and has this home. The cleaner is its own, or null.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe SharedHandle Open(Slot* slot, Bin* home, Cleaner? cleaner)
    {
        Generation scoped = slot->Generation;
        Generation opened = scoped.Moved(SlotState.Scoped, SlotState.Open);
        slot->Generation = opened;
        return new SharedHandle(cleaner, slot, opened, home);
    }

    /// <remarks>Its calls are the last thing it does, so the JIT saves no registers for them.</remarks>
    /// <safety>The slot, which is never unmapped, was the caller's in this generation. The home is written only if it is this thread's.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Close(Slot* slot, Generation opened, Bin* home, Cleaner? cleaner, Bin* bins)
    {
        if (slot != null)
        {
            // The kind first: another thread's home is not looked at, because that thread writes to it all the time.
            if (ThreadCache.IsForSize(bins, home)
                ? FreePath.TryReturnHere(slot, opened, home, SlotState.Open)
                : slot->Kind == SlotKind.Pooled && PoolFreePath.TryReturn(bins, slot, opened, home))
            {
                GC.KeepAlive(cleaner);
                return;
            }

            // A generation of default would never be over on a discarded slot.
            if (opened.Value != 0)
            {
                CloseSlow(slot, opened, cleaner);
            }
        }
    }

    /// <inheritdoc cref="Close"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void CloseSlow(Slot* slot, Generation opened, Cleaner? cleaner)
    {
        if (!FreePath.TryReturnElsewhere(slot, opened, isRented: true))
        {
            _ = CloseProtocol.Close(slot, opened);
        }

        GC.KeepAlive(cleaner);
    }
}
