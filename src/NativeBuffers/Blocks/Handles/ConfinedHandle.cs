using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>A handle of one thread: the right to a slot's block in one generation. Ref structs have it.</summary>
/// <remarks>
/// <para>Copies are equal until one of them is returned, renewed or resized. From then on all other copies are stale, which one comparison
/// shows. The default value is the handle of no block.</para>
/// <para>This type and <see cref="SharedHandle"/> stay two, because their code differs. A confined handle needs no cleaner, and its
/// slot has no state but <see cref="SlotState.Scoped"/>, so a return is three plain stores.</para>
/// </remarks>
internal struct ConfinedHandle
{
    private readonly unsafe Slot* _slot;
    private readonly Generation _generation;

    // The slot's home. A return must not wait to read it from the slot, because the next request waits for a store to that
    // address. Measured: 3.6 ns a round trip, and 6.4 without this field. Null once this variable has returned an instrumented block.
    private unsafe Bin* _home;

    /// <safety>The slot belongs to the caller, on this thread, and has this home.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe ConfinedHandle(Slot* slot, Bin* home)
    {
        _slot = slot;
        _generation = slot->Generation;
        _home = home;
    }

    /// <summary>Whether this is the handle of no block, and never was of one.</summary>
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

    /// <summary>Whether the block was given back, or belongs to a newer handle.</summary>
    public readonly bool IsStale
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped, so a stale handle may read the generation, too.
                return _slot != null && _slot->Generation.Value != _generation.Value;
            }
        }
    }

    /// <summary>The slot, null if there is none.</summary>
    /// <safety>The slot belongs to the caller if the handle is not stale.</safety>
    public readonly unsafe Slot* Slot => _slot;

    /// <summary>Opens a block of a chosen allocator; of the default one if null.</summary>
    /// <inheritdoc cref="AllocatePath.Take(int, int, bool, string, int, Type, out Bin*)" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ConfinedHandle Open(
        NativeAllocator? allocator, int length, int elementSize, bool zeroed, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: the slot and its block belong to this handle until it is returned.
            if (allocator is not null)
            {
                Slot* taken = allocator.ChargedNumber != 0 ? ChargedPath.TakeHot(allocator.ChargedNumber, length, elementSize, zeroed)
                    : allocator.IsServedByCache ? null
                    : Uncached.TryTakeKept(allocator, length, elementSize, zeroed);
                return Of(taken != null ? taken : AllocatePath.TakeScoped(allocator, length, elementSize, zeroed, file, line, type));
            }

            Slot* slot = AllocatePath.Take(length, elementSize, zeroed, file, line, type, out Bin* home);
            return new ConfinedHandle(slot, home);
        }
    }

    /// <summary>Opens a block of the default allocator, for a caller that has kept its allocation site.</summary>
    /// <inheritdoc cref="AllocatePath.Take(int, int, AllocationSite)" path="/exception"/>
    public static ConfinedHandle Open(int length, int elementSize, AllocationSite site)
    {
        unsafe
        {
            // SAFETY: the slot and its block belong to this handle until it is returned.
            return Of(AllocatePath.Take(length, elementSize, site));
        }
    }

    /// <summary>Opens a block of a chosen allocator; false if memory is exhausted.</summary>
    /// <inheritdoc cref="AllocatePath.TakeScoped" path="/exception[@cref='T:System.ArgumentOutOfRangeException']"/>
    public static bool TryOpen(
        NativeAllocator allocator, int length, int elementSize, bool zeroed, out ConfinedHandle handle, string? file, int line, Type type)
    {
        unsafe
        {
            // SAFETY: the slot and its block belong to this handle until it is returned.
            Slot* slot = AllocatePath.TryTakeScoped(allocator, length, elementSize, zeroed, file, line, type);
            handle = slot == null ? default : Of(slot);
            return slot != null;
        }
    }

    /// <summary>The block's first byte.</summary>
    /// <safety>The handle is current, and not none.</safety>
    public readonly unsafe void* Start
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _slot->Start;
    }

    /// <summary>Gives the block back. A stale handle gives its block back only if resizes alone have made it stale.</summary>
    /// <param name="type">The elements' type.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Return(Type type)
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. The generation is this handle's, so no copy has returned the slot,
            // and the generation moves on before another owner can take the slot.
            if (_slot != null)
            {
                if (_slot->Generation.Value == _generation.Value && (!InstrumentationSwitch.IsOn || _slot->Kind != SlotKind.Foreign))
                {
                    _slot->Generation.Value = _generation.Value + Generation.Step;
                    FreePath.Return(_slot, _home);
                }
                else if (InstrumentationSwitch.IsOn)
                {
                    ReturnInstrumented(_slot, _generation, _home, type);
                    _home = null;
                }
                else
                {
                    ReturnStale(_slot, _generation);
                }
            }
        }
    }

    /// <summary>Makes a new handle of the same block, which makes this one and its copies stale. None if this is stale already, or none.</summary>
    public readonly ConfinedHandle Renew()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is this handle's.
            return _slot != null && _slot->Generation == _generation ? Renewed() : default;
        }
    }

    /// <summary>Takes the slot out of this handle, which becomes stale with its copies.</summary>
    /// <safety>The handle is current, and not none. The slot belongs to the caller.</safety>
    public readonly unsafe Slot* Take()
    {
        AllocationCounts.Renumber(_slot);
        _slot->Generation = _generation.Next;
        return _slot;
    }

    /// <summary>Makes a handle with room for another length and the same contents; this one and its copies become stale.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; this handle is unchanged.</exception>
    /// <safety>The handle is current, and its block has <paramref name="oldLength"/> elements.</safety>
    public readonly unsafe ConfinedHandle Resize(int oldLength, int newLength, int elementSize, bool zeroed = true)
    {
        nuint newBytes = Layout.ByteCount(newLength, elementSize);
        if (_slot == null)
        {
            return Open(allocator: null, newLength, elementSize, zeroed, file: null, line: 0, typeof(byte));
        }

        ResizePath.Resize(_slot, (nuint)oldLength * (nuint)elementSize, newBytes, zeroed);
        NoteResize(_slot, _generation, _generation.Next);
        return Renewed();
    }

    /// <safety>The handle is current, and not none.</safety>
    private readonly unsafe ConfinedHandle Renewed() => Of(Take());

    /// <safety>The slot belongs to the caller, on this thread.</safety>
    private static unsafe ConfinedHandle Of(Slot* slot) => new(slot, slot->Home);

    /// <summary>Gives an instrumented block back, or the block of a stale handle in an instrumented process.</summary>
    /// <remarks>
    /// One call serves both: the JIT copies a <c>finally</c> after its <c>try</c> only if it has few statements. Otherwise it keeps the variables
    /// of the body in memory. Measured where one block in 5000 is a sample: 6 to 10 % of a loop's time.
    /// </remarks>
    /// <safety>The slot, which is never unmapped, and the generation are those of a handle of this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnInstrumented(Slot* slot, Generation generation, Bin* home, Type type)
    {
        if (slot->Generation == generation)
        {
            End(slot, generation, home, type);
        }
        else if (!TryReturnResized(slot, generation, type) && home != null)
        {
            // Without a home, this variable itself has returned the block. With a home, a copy has returned it.
            Disposal.FindFirst(generation, type);
        }
    }

    /// <summary>Gives back the block of a stale handle in a process without instrumentation.</summary>
    /// <remarks>It has few arguments, because the caller must keep each of them for this call alone.</remarks>
    /// <inheritdoc cref="ReturnInstrumented" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void ReturnStale(Slot* slot, Generation generation) => _ = TryReturnResized(slot, generation, typeof(byte));

    /// <summary>Gives back and reports the block of a stale handle; false if more than resizes has happened since.</summary>
    /// <inheritdoc cref="ReturnInstrumented" path="/safety"/>
    private static unsafe bool TryReturnResized(Slot* slot, Generation generation, Type type)
    {
        Generation now = slot->Generation;
        bool isResized = OnlyResized(slot, generation, now);
        if (isResized)
        {
            TellResized(slot);
            End(slot, now, slot->Home, type);
        }

        return isResized;
    }

    /// <summary>Notes that a resize has moved the generation on: see <see cref="OnlyResized"/>.</summary>
    /// <safety>The slot is never unmapped, and this thread has it.</safety>
    private static unsafe void NoteResize(Slot* slot, Generation from, Generation to)
    {
        ref (Generation Before, Generation Made) resized = ref SlotTable.ResizedOf(slot);
        if (resized.Made != from)
        {
            Volatile.Write(ref resized.Before.Value, from.Value);
        }

        Volatile.Write(ref resized.Made.Value, to.Value);
    }

    /// <summary>Whether only resizes lie between an earlier generation and the present one.</summary>
    /// <remarks>
    /// <para>The compiler copies a buffer to call <c>Resize</c> where it may not change the buffer itself: an <c>in</c> parameter, a readonly
    /// field, the hidden variable of <c>using (buffer)</c>. The copy is resized and lost, and the buffer keeps the old generation. So the
    /// disposal of the buffer looks for the block here. See docs/decisions/0001.</para>
    /// <para>A generation is never given twice. So if the last resize made the present generation, no other use has happened since. Another
    /// thread that has the slot now may note its resizes: its generations are higher than that of the asking buffer, and it writes the
    /// generation before them first.</para>
    /// </remarks>
    /// <safety>Slots are never unmapped. A buffer of this thread had the first generation.</safety>
    private static unsafe bool OnlyResized(Slot* slot, Generation from, Generation now)
    {
        ref (Generation Before, Generation Made) resized = ref SlotTable.ResizedOf(slot);
        return Volatile.Read(ref resized.Made.Value) == now.Value
            && Volatile.Read(ref resized.Before.Value) <= from.Value
            && from.Value < now.Value;
    }

    /// <summary>Counts and reports the disposal of a stale buffer whose copy was resized.</summary>
    /// <safety>The slot is the caller's, and has the block of the copy.</safety>
    private static unsafe void TellResized(Slot* slot)
    {
        AllocationSite? allocated = InstrumentationSwitch.IsOn ? AllocationSite.FromId(slot->SiteId) : null;
        DiagnosticEvent.Leak.Raise(() => $"{(allocated is null ? "" : $"{allocated}: ")}a copy of the buffer was resized and lost; its block is given back with the buffer."
                + " Resize the variable itself: an `in` parameter, a readonly field and `using (buffer)` are copies.");
    }

    /// <safety>The slot and its block belong to the caller, in this generation and with this home, until this call.</safety>
    private static unsafe void End(Slot* slot, Generation generation, Bin* home, Type type)
    {
        slot->Generation = generation.Next;
        if (InstrumentationSwitch.IsOn && slot->Kind == SlotKind.Foreign)
        {
            AllocationSite site = Disposal.Note(slot, generation, type);
            if (InstrumentedPath.IsOf(slot))
            {
                InstrumentedPath.Return(slot, site);
                return;
            }

            AllocationSite.Note(site);
        }

        FreePath.Return(slot, home);
    }
}
