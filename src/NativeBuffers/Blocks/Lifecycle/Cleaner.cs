using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>Gives the block of a forgotten owner back. Owners refer to the cleaner, so its finalizer runs when the last owner is unreachable.</summary>
/// <remarks>
/// <para>An object with a finalizer costs 40 to 50 ns to make, so a cleaner stays with its slot through all uses of the slot. The
/// slot refers to the cleaner weakly, so a use costs one load, and a return nothing. The cleaner is dismissed when the slot becomes
/// vacant and returns to the table, or when a great many free slots have cleaners.</para>
/// <para>So the collector finds a cleaner unreachable in two cases: the slot has no owner, or its owner was
/// forgotten. Between that collection and the finalizer, a free slot may have found an owner. So the finalizer acts
/// when it meets the same generation for the second time: that use had begun before the later collection, which found no
/// owner. The first time it only notes the generation, and stays registered for the next collection.</para>
/// </remarks>
internal sealed class Cleaner : IDisposable
{
    private static long s_abandonedCount;
    private static Cleaner? s_firstKept;

    private unsafe Slot* _slot;

    /// <summary>The generation that the finalizer met last, in the state open; 0 if none.</summary>
    private Generation _suspect;

    private PinList _pins;

    /// <summary>The owner that closes the block itself if it was forgotten; null if the cleaner does.</summary>
    private ICleanedOwner? _owner;

    /// <summary>The next cleaner in the list of <see cref="KeepForEver"/>.</summary>
    private Cleaner? _nextKept;

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
                // A finalizer must not throw. No finalizer watches this slot any more, but its later owners still need a cleaner object.
                KeepForEver();
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
                Abandon(slot, opened, Owner);
            }
        }
    }

    /// <summary>The number of forgotten owners whose blocks were given back.</summary>
    public static long AbandonedCount => Volatile.Read(ref s_abandonedCount);

    /// <summary>The pins of the slot's block that the owner may end.</summary>
    public ref PinList Pins => ref _pins;

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
    public static unsafe Cleaner Of(Slot* slot)
    {
        nint handle = slot->Cleaner;
        return handle == 0 ? Attach(slot) : Unsafe.As<Cleaner>(GCHandle.FromIntPtr(handle).Target!);
    }

    /// <summary>The same as <see cref="Of"/>, for a slot that was just taken, and is given back if there is no memory for a cleaner.</summary>
    /// <safety>The slot belongs to the caller, which has taken it from a cache or an allocator, and forgets it if this throws.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Cleaner OfTaken(Slot* slot)
    {
        nint handle = slot->Cleaner;
        return handle == 0 ? AttachOrReturn(slot) : Unsafe.As<Cleaner>(GCHandle.FromIntPtr(handle).Target!);
    }

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

        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Of"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Cleaner Attach(Slot* slot)
    {
        FailPoint.ThrowIfRefused();

        // The handle first: a cleaner without a handle in its slot would close the generations of later owners.
        GCHandle handle = GCHandle.Alloc(null, GCHandleType.WeakTrackResurrection);
        try
        {
            var cleaner = new Cleaner(slot);
            handle.Target = cleaner;
            slot->Cleaner = GCHandle.ToIntPtr(handle);
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

    /// <summary>Keeps this object reachable: it is not registered for its finalizer any more.</summary>
    private void KeepForEver()
    {
        do
        {
            _nextKept = Volatile.Read(ref s_firstKept);
        }
        while (Interlocked.CompareExchange(ref s_firstKept, this, _nextKept) != _nextKept);
    }

    /// <summary>Gives the block of a forgotten owner back.</summary>
    /// <safety>Slots are never unmapped. The cleaner of the slot has met this generation before.</safety>
    private static unsafe void Abandon(Slot* slot, Generation opened, ICleanedOwner? owner)
    {
        try
        {
            AllocationSite.Note(AllocationSite.Abandoned);
            if ((owner is not null && owner.TryCloseForgotten(opened)) || CloseProtocol.Close(slot, opened))
            {
                Interlocked.Increment(ref s_abandonedCount);
            }
        }
        catch (Exception)
        {
            // A finalizer must not throw. The program's own allocator threw, and no caller is here to hear of it.
        }
        finally
        {
            AllocationSite.Forget();
        }
    }
}
