using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>What a list does with its ownedBlock that no other owner does: it enters the block without a borrow, and keeps room behind its elements.</summary>
/// <remarks>
/// Entering costs half of a borrow. It is for the thread that the slot is biased to. Others who want in, or want to end it, move the
/// state on, and wait behind a barrier until this thread is not inside, as with <see cref="CloseProtocol.TryCloseHere"/>. The order of the
/// reads matters: a new generation is told to the ownedBlock before the slot shows it, and the home changes before either; so a home
/// that was read after the generation is that generation's, if the slot still shows that. See docs/decisions/0010.
/// </remarks>
internal static class Growing
{
    /// <summary>A ownedBlock with room for as many elements as the block has, which this thread may enter.</summary>
    /// <param name="hold">New: nobody else knows it.</param>
    /// <param name="elementSize">In bytes.</param>
    public static OwnedBlock Begin(Hold hold, int elementSize)
    {
        unsafe
        {
            // SAFETY: the caller has just rented the block, and nobody else uses it.
            Slot* slot = hold.Slot;
            slot->Generation = hold.Opened.With(StateHere(slot));
            return new OwnedBlock(hold, (long)(slot->ByteCount / (nuint)elementSize));
        }
    }

    /// <summary>Enters the block; null if it is not biased to this thread, or the ownedBlock is over. Leave it before anything that is not the library's own code.</summary>
    /// <safety>The block is used before <see cref="Leave"/> only.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Bin* Enter(ref OwnedBlock ownedBlock)
    {
        Generation opened = ownedBlock.Opened;
        Slot* slot = ownedBlock.Slot;
        Bin* home = (Bin*)Volatile.Read(ref *(nint*)&slot->Home);
        if (ThreadCache.IsMine(home))
        {
            Volatile.Write(ref home->Inside, 1);
            if (slot->ReadGeneration().Is(SlotState.Biased, opened))
            {
                return home;
            }

            Volatile.Write(ref home->Inside, 0);
        }

        return null;
    }

    /// <summary>Leaves the block.</summary>
    /// <safety>The home is what <see cref="Enter"/> returned, on this thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Leave(Bin* home) => Volatile.Write(ref home->Inside, 0);

    /// <summary>Makes room for another number of elements, of which the first ones are in use; false when the ownedBlock is over.</summary>
    /// <param name="ownedBlock">The list's.</param>
    /// <param name="capacity">In elements; more if the block has room for more, or if more are in use.</param>
    /// <param name="count">How many are in use: read when nobody else is in. Those behind them are neither kept nor zero.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity cannot be one.</exception>
    /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; nothing has changed.</exception>
    public static bool TryReserve(ref OwnedBlock ownedBlock, long capacity, ref long count, int elementSize)
    {
        _ = Layout.ByteCount(capacity, elementSize);
        if (!ownedBlock.TryKeepOut())
        {
            return false;
        }

        unsafe
        {
            // SAFETY: nobody else is in, so the slot is the list's to change.
            Slot* slot = ownedBlock.Slot;
            long used = Volatile.Read(ref count);
            bool isAskedToClose = Resize(ref ownedBlock, used, long.Max(capacity, used), elementSize);
            return ownedBlock.LetInAnew((long)(slot->ByteCount / (nuint)elementSize), StateHere(slot), isAskedToClose);
        }
    }

    /// <summary>Hands the elements that are in use to another owner, in a block of their size; false when the ownedBlock is over.</summary>
    /// <inheritdoc cref="TryReserve" path="/param|/exception"/>
    public static bool TryHandOver(ref OwnedBlock ownedBlock, ref long count, int elementSize, out OwnedBlock moved)
    {
        moved = default;
        if (!ownedBlock.TryKeepOut())
        {
            return false;
        }

        unsafe
        {
            // SAFETY: nobody else is in, so the slot is the list's to change.
            long used = Volatile.Read(ref count);
            if (ownedBlock.Slot->Kind != SlotKind.Cached && Resize(ref ownedBlock, used, used, elementSize))
            {
                // The list is disposed then, and not handed on.
                return ownedBlock.LetInAnew(used, SlotState.Open, closes: true);
            }

            moved = ownedBlock.HandOn(used);
        }

        return true;
    }

    /// <remarks>The caller keeps everybody out. If this throws, they are let in again.</remarks>
    /// <returns>True if the list was disposed meanwhile.</returns>
    private static bool Resize(ref OwnedBlock ownedBlock, long used, long capacity, int elementSize) =>
        Resizing.Relocate(ref ownedBlock, Layout.ByteCount(used, elementSize), Layout.ByteCount(capacity, elementSize), zeroed: false, trims: true);

    /// <summary>The state in which this thread may enter, if the slot is at home here.</summary>
    private static unsafe SlotState StateHere(Slot* slot) => ThreadCache.IsMine(slot->Home) ? SlotState.Biased : SlotState.Open;
}
