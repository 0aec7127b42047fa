using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Slots of one size that other threads gave back, until the thread they belong to, or a visitor, takes them.</summary>
/// <remarks>
/// A stack that anyone pushes to, and that is taken as a whole, so no element can leave and come back unseen (Treiber's
/// stack, without its one problem).
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

    /// <summary>Puts a slot on top that was just returned; false when it is in a queue already, or taken.</summary>
    /// <remarks>
    /// It may be in a queue from an earlier generation, that its own thread and another ended at once. Whoever takes it from
    /// there takes it in the new one, perhaps before it is pushed here; then it must not be pushed, as
    /// <see cref="Below"/> may be in use. So: set the mark, then look again. If it is still returned, whoever takes it
    /// finds the mark. Should it be taken just then, by its own thread, the link does no harm (see <see cref="Slot.Allocator"/>).
    /// </remarks>
    /// <param name="queue">Where to put it.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="depth">How many slots lie under it, at most 255.</param>
    /// <safety>The queue is in memory that does not move.</safety>
    public static unsafe bool TryPush(RemoteFrees* queue, Slot* slot, out int depth)
    {
        while (IsReturned(slot) && Interlocked.Exchange(ref slot->IsQueued, 1) == 0)
        {
            if (IsReturned(slot))
            {
                depth = Push(queue, slot);
                return true;
            }

            // Taken. But if it was returned again meanwhile, somebody saw the mark and relied on it: look again.
            _ = Interlocked.Exchange(ref slot->IsQueued, 0);
        }

        depth = 0;
        return false;
    }

    /// <summary>Takes all slots, as a list linked by <see cref="Below"/>; null when there are none.</summary>
    /// <safety>The queue is in memory that does not move. For each slot, read <see cref="Below"/>, then call <see cref="TryTake"/>.</safety>
    public static unsafe Slot* TakeAll(RemoteFrees* queue) =>
        queue->IsEmpty ? null : (Slot*)Interlocked.Exchange(ref *(nint*)&queue->_top, 0);

    /// <summary>The slot that lies under this one; null under the last.</summary>
    /// <safety>The slot comes from <see cref="TakeAll"/>.</safety>
    public static unsafe Slot* Below(Slot* slot) => (Slot*)slot->Allocator;

    /// <summary>Takes a slot of the list over, still closing; false when it is no longer to be had.</summary>
    /// <remarks>
    /// A slot may be here although its own thread has it back: when both gave it back at once (see <see cref="CloseProtocol"/>).
    /// And it may have been pushed again as soon as it is not marked as queued; so the generation decides, atomically.
    /// </remarks>
    /// <safety>
    /// The slot comes from <see cref="TakeAll"/>, and <see cref="Below"/> was read already. Whoever takes it moves
    /// its generation on, once it has a home or none.
    /// </safety>
    public static unsafe bool TryTake(Slot* slot, out Generation closing)
    {
        _ = Interlocked.Exchange(ref slot->IsQueued, 0);
        Generation generation = slot->ReadGeneration();
        closing = generation.With(SlotState.Closing);
        return generation.State == SlotState.RemotelyFreed
            && slot->TryMove(generation, closing);
    }

    private static unsafe bool IsReturned(Slot* slot) => slot->ReadGeneration().State == SlotState.RemotelyFreed;

    private static unsafe int Push(RemoteFrees* queue, Slot* slot)
    {
        ref nint top = ref *(nint*)&queue->_top;
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
