namespace NativeBuffers.Blocks.Cache;

/// <summary>Slots of one size that other threads gave back (snmalloc's remote frees), until their own thread or a visitor takes them.</summary>
/// <remarks>
/// A stack that any thread pushes to, and that is taken as a whole. So no slot can leave and come back unseen: this is Treiber's stack
/// without its ABA problem.
/// </remarks>
internal struct RemoteFrees
{
    private unsafe Slot* _top;

    /// <summary>Whether there is nothing to take.</summary>
    public readonly bool IsEmpty
    {
        get
        {
            unsafe
            {
                // SAFETY: the pointer is compared, not followed.
                return _top == null;
            }
        }
    }

    /// <summary>Puts a slot on top that was just freed; false when it is in a stack already, or taken.</summary>
    /// <remarks>
    /// The slot may lie in a stack already: its own thread and another thread ended an earlier generation at once. The thread that empties
    /// that stack takes the slot in its new generation, perhaps before this method pushes it. A slot that was taken must not be pushed,
    /// because <see cref="Below"/> may be in use. So this method sets the mark, then looks again. If the slot is still freed, the thread
    /// that takes it finds the mark. If its own thread takes it just then, the link does no harm (see <see cref="Slot.Allocator"/>).
    /// </remarks>
    /// <param name="frees">The stack.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="depth">The number of slots under it, at most 255.</param>
    /// <safety>The stack is in memory that does not move.</safety>
    public static unsafe bool TryPush(RemoteFrees* frees, Slot* slot, out int depth)
    {
        while (IsFreed(slot) && Interlocked.Exchange(ref slot->IsQueued, 1) == 0)
        {
            if (IsFreed(slot))
            {
                depth = Push(frees, slot);
                return true;
            }

            // Taken. If the slot was freed again since, a thread has seen the mark and relied on it: look again.
            _ = Interlocked.Exchange(ref slot->IsQueued, 0);
        }

        depth = 0;
        return false;
    }

    /// <summary>Takes all slots, as a list linked by <see cref="Below"/>; null when there are none.</summary>
    /// <safety>The stack is in memory that does not move. For each slot, read <see cref="Below"/>, then call <see cref="TryTake"/>.</safety>
    public static unsafe Slot* TakeAll(RemoteFrees* frees) =>
        frees->IsEmpty ? null : (Slot*)Interlocked.Exchange(ref *(nint*)&frees->_top, 0);

    /// <summary>The slot that lies under this one; null under the last.</summary>
    /// <safety>The slot comes from <see cref="TakeAll"/>.</safety>
    public static unsafe Slot* Below(Slot* slot) => (Slot*)slot->Allocator;

    /// <summary>Takes a slot of the list over, in the state closing; false when another thread has it.</summary>
    /// <remarks>
    /// A slot may be here although its own thread has it back, if that thread and another gave it back at once. And it may be
    /// pushed again as soon as it is not marked as queued. So the generation decides, by a compare-and-swap.
    /// </remarks>
    /// <safety>
    /// The slot comes from <see cref="TakeAll"/>, and <see cref="Below"/> was read already. The caller moves
    /// its generation on, once it has a home or none.
    /// </safety>
    public static unsafe bool TryTake(Slot* slot, out Generation closing)
    {
        _ = Interlocked.Exchange(ref slot->IsQueued, 0);
        Generation generation = slot->ReadGeneration();
        closing = generation.With(SlotState.Closing);
        return generation.State == SlotState.RemotelyFreed && slot->TryMove(generation, closing);
    }

    /// <safety>Slots are never unmapped.</safety>
    private static unsafe bool IsFreed(Slot* slot) => slot->ReadGeneration().State == SlotState.RemotelyFreed;

    /// <safety>The slot is marked as queued by the caller. The stack is in memory that does not move.</safety>
    private static unsafe int Push(RemoteFrees* frees, Slot* slot)
    {
        ref nint top = ref *(nint*)&frees->_top;
        while (true)
        {
            nint below = Volatile.Read(ref top);
            slot->Allocator = below;
            int depth = below == 0 ? 0 : int.Min(((Slot*)below)->QueueDepth + 1, byte.MaxValue);
            slot->QueueDepth = (byte)depth;
            if (Interlocked.CompareExchange(ref top, (nint)slot, below) == below)
            {
                return depth;
            }
        }
    }
}
