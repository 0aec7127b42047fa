using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>Gives the block of a forgotten owner back. Owners refer to the cleaner, so its finalizer runs when the last owner is unreachable.</summary>
/// <remarks>
/// <para>An object with a finalizer costs 40 to 50 ns to make, so a cleaner stays with its slot through all uses of the slot. The
/// slot refers to the cleaner weakly, so a use costs one load, and a return nothing. The cleaner is dismissed when the slot becomes
/// vacant and returns to the table, or when a great many free slots have cleaners.</para>
/// <para>A cleaner and its weak handle cost memory, and time in each collection. So an owner that is an object gets one only if owners
/// have used the slot before, and if there are not a great many already (<see cref="OfReused"/>). Otherwise, the owner has the finalizer.</para>
/// <para>So the collector finds a cleaner unreachable in two cases: the slot has no owner, or its owner was
/// forgotten. Between that collection and the finalizer, a free slot may have found an owner. So the finalizer acts
/// when it meets the same generation for the second time: that use had begun before the later collection, which found no
/// owner. The first time it only notes the generation, and stays registered for the next collection.</para>
/// </remarks>
internal sealed class Cleaner : IDisposable
{
    /// <summary>The number of owners with a finalizer of their own that use a slot before it gets a cleaner.</summary>
    /// <remarks>A use without a cleaner costs an object with a finalizer. A new cleaner costs that and a weak handle, once.</remarks>
    public const int UsesBefore = 3;

    /// <summary>With that many cleaners, a slot gets one only after <see cref="UsesBeforeMore"/> owners.</summary>
    /// <remarks>
    /// So a million owners that are created again and again do not make cleaners all the time. The depot of a size keeps as many slots with cleaners.
    /// </remarks>
    private const int Many = 131_072;

    private const int UsesBeforeMore = byte.MaxValue;

    private static long s_abandonedCount;
    private static int s_count;

    private unsafe Slot* _slot;

    /// <summary>The generation that the finalizer met last, in the state open; 0 if none.</summary>
    private Generation _suspect;

    /// <summary>The owner that closes the block itself if it was forgotten; null if the cleaner does.</summary>
    private ICleanedOwner? _owner;

    /// <safety>The slot belongs to the caller.</safety>
    private unsafe Cleaner(Slot* slot)
    {
        _slot = slot;

        // Only the owner of this use knows the new cleaner. So the finalizer may close this generation when it first meets it.
        _suspect = slot->Generation.With(SlotState.Open);
    }

    ~Cleaner()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped. If this runs while the cleaner is being dismissed, it may look at a slot
            // that has another cleaner by now. It closes only a generation that it has met before, and none comes twice.
            Slot* slot = _slot;
            if (slot == null)
            {
                return;
            }

            try
            {
                GC.ReRegisterForFinalize(this);
            }
            catch (OutOfMemoryException)
            {
                // A finalizer must not throw. The present use of the slot has no finalizer any more. After the collector has taken this
                // object, the slot gets another cleaner.
            }

            Generation generation = slot->ReadGeneration();
            Generation opened = generation.With(SlotState.Open);
            if (!generation.IsOpenFor(opened))
            {
                // The slot is free or closed; or a thread resizes it now, so it is not forgotten.
                _suspect = default;
            }
            else if (_suspect != opened)
            {
                _suspect = opened;
            }
            else
            {
                _ = Abandon(slot, opened, Owner);
            }
        }
    }

    /// <summary>The number of forgotten owners whose blocks were given back.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>The owner that closes the block itself if it was forgotten; null if the cleaner does. Set while the block is open.</summary>
    public ICleanedOwner? Owner
    {
        get => Volatile.Read(ref _owner);
        set => Volatile.Write(ref _owner, value);
    }

    /// <summary>Lets the cleaner close the block by itself again, if it has this owner.</summary>
    /// <remarks>While the block is pinned, or while the caller is its home: so the slot gets no other owner in between.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void DropOwner(ICleanedOwner owner)
    {
        if (Owner == owner)
        {
            Owner = null;
        }
    }

    /// <summary>Notes and counts that the next block that this thread gives back was forgotten.</summary>
    public static void NoteAbandoned()
    {
        AllocationSite.Note(AllocationSite.Abandoned);
        Interlocked.Increment(ref s_abandonedCount);
    }

    /// <summary>The cleaner of a slot, made if need be.</summary>
    /// <safety>The slot belongs to the caller.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Cleaner Of(Slot* slot) => Find(slot) ?? Attach(slot);

    /// <summary>The same as <see cref="Of"/>, for a slot that was just taken, and is given back if there is no memory for a cleaner.</summary>
    /// <safety>The slot belongs to the caller, which has taken it from a cache or an allocator, and forgets it if this throws.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Cleaner OfTaken(Slot* slot) => Find(slot) ?? AttachOrReturn(slot);

    /// <summary>The cleaner of a slot that owners use again and again. Null if the slot has none: then the new owner has a finalizer itself.</summary>
    /// <inheritdoc cref="OfTaken" path="/safety|/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Cleaner? OfReused(Slot* slot) => Find(slot) ?? AttachIfReused(slot);

    /// <summary>Whether this is the cleaner of the slot.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public unsafe bool IsOf(Slot* slot) => _slot == slot;

    /// <summary>Dismisses the cleaner: the slot has lost its block.</summary>
    public void Dispose()
    {
        unsafe
        {
            // SAFETY: the pointer is written, not followed.
            _slot = null;
        }

        Interlocked.Decrement(ref s_count);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the block of a forgotten owner back, and counts it; false if that generation was over. For finalizers: never throws.</summary>
    /// <safety>Slots are never unmapped. No reference leads to the owner of this generation any more.</safety>
    public static unsafe bool Abandon(Slot* slot, Generation opened, ICleanedOwner? owner)
    {
        try
        {
            AllocationSite.Note(AllocationSite.Abandoned);
            if ((owner is null || !owner.TryCloseForgotten(opened)) && !CloseProtocol.Close(slot, opened))
            {
                return false;
            }

            Interlocked.Increment(ref s_abandonedCount);
        }
        catch (Exception)
        {
            // A finalizer must not throw. The program's own allocator threw, and no caller is here to hear of it.
        }
        finally
        {
            AllocationSite.Forget();
        }

        return true;
    }

    /// <summary>The cleaner of a slot; null if there is none.</summary>
    /// <safety>The slot belongs to the caller.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Cleaner? Find(Slot* slot)
    {
        nint handle = slot->Cleaner;
        return handle == 0 ? null : Unsafe.As<Cleaner>(GCHandle.FromIntPtr(handle).Target);
    }

    /// <inheritdoc cref="Of"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Cleaner Attach(Slot* slot)
    {
        FailPoint.ThrowIfRefused();

        // The handle first: a cleaner without a handle in its slot would close the generations of later owners. There is one already if
        // the collector has taken the cleaner before.
        GCHandle handle = slot->Cleaner != 0 ? GCHandle.FromIntPtr(slot->Cleaner) : GCHandle.Alloc(null, GCHandleType.WeakTrackResurrection);
        try
        {
            var cleaner = new Cleaner(slot);
            handle.Target = cleaner;
            if (slot->Cleaner == 0)
            {
                Interlocked.Increment(ref s_count);
            }

            slot->Cleaner = GCHandle.ToIntPtr(handle);
            slot->UsesWithoutCleaner = 0;
            return cleaner;
        }
        finally
        {
            if (slot->Cleaner == 0)
            {
                handle.Free();
            }
        }
    }

    /// <inheritdoc cref="OfTaken"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Cleaner AttachOrReturn(Slot* slot)
    {
        try
        {
            return Attach(slot);
        }
        catch (OutOfMemoryException)
        {
            FreePath.Return(slot, slot->Home);
            throw;
        }
    }

    /// <inheritdoc cref="OfReused"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Cleaner? AttachIfReused(Slot* slot)
    {
        if (slot->UsesWithoutCleaner < (Volatile.Read(ref s_count) < Many ? UsesBefore : UsesBeforeMore))
        {
            slot->UsesWithoutCleaner++;
            return null;
        }

        return AttachOrReturn(slot);
    }
}
