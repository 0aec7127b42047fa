using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>Slots of one size that other threads gave back (snmalloc's remote frees), until their own thread or a visitor takes them.</summary>
/// <remarks>
/// <para>A stack of batches that any thread pushes to, and that is taken as a whole. So no batch can leave and come back unseen: this is
/// Treiber's stack without its ABA problem.</para>
/// <para>A batch lists slots, and owns none of them: the generation of a slot alone decides (<see cref="TryTake"/>). A slot's
/// own thread and another thread may give it back at once. Then the own thread's store may win. The slot is used again, gets a block
/// of another size, or loses its block, while it is listed. It may be listed twice, after it was freed again. So the thread that finds
/// a slot in a list looks at its state, its home and its size before it believes the list.</para>
/// </remarks>
internal struct RemoteFrees
{
    /// <summary>The most slots that <see cref="TakeSlots"/> takes at once: as many as a batch has, at least.</summary>
    public const int MostTaken = 64;

    private unsafe RemoteBatch* _top;

    /// <summary>The number of slots in the stack. Atomic operations only.</summary>
    private int _count;

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

    /// <summary>Puts a batch on top.</summary>
    /// <returns>The number of slots that wait now.</returns>
    /// <safety>The stack is in memory that does not move. The caller gives up the batch, whose slots were all remotely freed.</safety>
    public static unsafe int Push(RemoteFrees* frees, RemoteBatch* batch)
    {
        // The count first, so that it never falls below zero.
        int count = Interlocked.Add(ref frees->_count, batch->Count);
        RemoteBatch.Push(ref *(nint*)&frees->_top, batch);
        return count;
    }

    /// <summary>Takes all batches, as a list linked by <see cref="RemoteBatch.Next"/>; null when there are none.</summary>
    /// <safety>The stack is in memory that does not move. The caller tries to take each slot, then gives each batch back.</safety>
    public static unsafe RemoteBatch* TakeAll(RemoteFrees* frees)
    {
        if (frees->IsEmpty)
        {
            return null;
        }

        var first = (RemoteBatch*)Interlocked.Exchange(ref *(nint*)&frees->_top, 0);
        int count = 0;
        for (RemoteBatch* batch = first; batch != null; batch = batch->Next)
        {
            count += batch->Count;
        }

        _ = Interlocked.Add(ref frees->_count, -count);
        return first;
    }

    /// <summary>Takes a listed slot over, in the state closing; false if it is not freed, because another thread has it.</summary>
    /// <safety>Slots are never unmapped. The caller moves the slot's generation on, after it has cleared the slot's home if the slot leaves.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryTake(Slot* slot, out Generation closing)
    {
        Generation generation = slot->ReadGeneration();
        closing = generation.With(SlotState.Closing);
        return generation.State == SlotState.RemotelyFreed && slot->TryMove(generation, closing);
    }

    /// <summary>Takes the slots of the first batches over, each as <see cref="TryTake"/> does, gives the batches back, and passes a barrier.</summary>
    /// <remarks>Next: <see cref="LeavePath"/> looks whether each slot is still taken. So one barrier serves many slots.</remarks>
    /// <param name="batch">The first batch; afterwards the first that is left, or null.</param>
    /// <param name="heap">The heap that counts the slots.</param>
    /// <param name="taken">Gets the slots that this thread has now.</param>
    /// <param name="closing">Gets their generations.</param>
    /// <returns>The number of these slots.</returns>
    /// <safety>The batches are the caller's. Both arrays have room for <see cref="MostTaken"/>.</safety>
    public static unsafe int TakeSlots(ref RemoteBatch* batch, BlockHeap heap, Slot** taken, Generation* closing)
    {
        int count = 0;
        while (batch != null && count + batch->Count <= MostTaken)
        {
            foreach (nint slot in new ReadOnlySpan<nint>(RemoteBatch.Slots(batch), batch->Count))
            {
                if (TryTake((Slot*)slot, out closing[count]))
                {
                    taken[count++] = (Slot*)slot;
                }
            }

            heap.Dequeue(batch);
            batch = Outbox.GiveBack(batch);
        }

        if (count > 0)
        {
            Interlocked.MemoryBarrierProcessWide();
        }

        return count;
    }
}
