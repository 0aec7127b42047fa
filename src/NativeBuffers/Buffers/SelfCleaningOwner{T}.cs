using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>An owner with a finalizer of its own, because the slot of its block has no cleaner.</summary>
/// <remarks>
/// One object with a finalizer for each live owner costs least if many live at once: a cleaner would be a second object, and a weak handle. Where
/// one slot is used again and again, a cleaner costs less, because it stays there: <see cref="Cleaner.OfReused"/> decides.
/// </remarks>
[SuppressMessage("Reliability", "CA2015", Justification = "A span of an owner keeps no memory, whichever object has the finalizer.")]
internal sealed class SelfCleaningOwner<T> : NativeMemoryOwner<T>
    where T : unmanaged
{
    /// <safety>As for <see cref="NativeMemoryOwner{T}"/>.</safety>
    internal unsafe SelfCleaningOwner(OwnedBlock block)
        : base(block)
    {
    }

    ~SelfCleaningOwner()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is or was this owner's. The slot is null if no constructor has run.
            Slot* slot = Owned.Slot;
            Generation opened;
            do
            {
                opened = Owned.Opened;
            }
            while (slot != null && !Cleaner.Abandon(slot, opened, owner: null) && Owned.Opened != opened);
        }
    }

    /// <summary>An owner of a new block: with a finalizer if the handle has no cleaner.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block was given back.</exception>
    /// <safety>The block has room for <paramref name="length"/> elements, and belongs to the new owner alone.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe NativeMemoryOwner<T> Make(SharedHandle handle, long length, bool hasArrays) =>
        handle.Cleaner is null
            ? MakeWithFinalizer(handle, length, hasArrays)
            : new NativeMemoryOwner<T>(new OwnedBlock(handle, length, hasArrays));

    /// <summary>Ends the finalizer of an owner that has lost its block, if it has one. Keeps the owner alive until here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EndFinalizer(NativeMemoryOwner<T> owner)
    {
        if (owner is SelfCleaningOwner<T>)
        {
            GC.SuppressFinalize(owner);
        }
    }

    /// <summary>An owner of the same shape with the block of another one, which loses it; null if that was disposed.</summary>
    /// <inheritdoc cref="ExclusiveUse.TryMove(ref OwnedBlock, out OwnedBlock)" path="/exception"/>
    public static NativeMemoryOwner<T>? TryMove(NativeMemoryOwner<T> owner)
    {
        unsafe
        {
            // SAFETY: the new owner gets the block of the old one, with its length, and the old one loses it.
            NativeMemoryOwner<T> moved = Empty<T>(owner is SelfCleaningOwner<T>);
            bool isOpen = owner.Owned.TryMove(out moved.Owned);
            EndFinalizer(owner);
            return isOpen ? moved : null;
        }
    }

    /// <summary>An owner that sees the block of another one as elements of another type; null if that was disposed.</summary>
    /// <inheritdoc cref="ExclusiveUse.TryMoveAs(ref OwnedBlock, int, int, int, out OwnedBlock)" path="/exception"/>
    /// <exception cref="NotSupportedException">Some bit pattern is no value of one of the types.</exception>
    public static NativeMemoryOwner<TTo>? TryMoveAs<TTo>(NativeMemoryOwner<T> owner)
        where TTo : unmanaged
    {
        BitPattern<T>.ThrowIfRestricted();
        BitPattern<TTo>.ThrowIfRestricted();
        unsafe
        {
            // SAFETY: as above. The length is that of the same bytes in elements of the new type, and each bit pattern is a value of the type.
            NativeMemoryOwner<TTo> moved = Empty<TTo>(owner is SelfCleaningOwner<T>);
            bool isOpen = owner.Owned.TryMoveAs(sizeof(T), sizeof(TTo), (int)AlignmentOf<TTo>.Value, out moved.Owned);
            EndFinalizer(owner);
            return isOpen ? moved : null;
        }
    }

    /// <summary>An owner without a block, with the finalizer that the block will need. It is made before the move, because making it may fail.</summary>
    /// <safety>The caller gives it the block of another owner.</safety>
    private static unsafe NativeMemoryOwner<TTo> Empty<TTo>(bool hasFinalizer)
        where TTo : unmanaged =>
        hasFinalizer ? new SelfCleaningOwner<TTo>(default) : new NativeMemoryOwner<TTo>(default);

    /// <inheritdoc cref="Make"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe SelfCleaningOwner<T> MakeWithFinalizer(SharedHandle handle, long length, bool hasArrays)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return new SelfCleaningOwner<T>(new OwnedBlock(handle, length, hasArrays));
        }
        catch (OutOfMemoryException)
        {
            // No finalizer would find the block.
            handle.Return();
            throw;
        }
    }
}
