namespace NativeBuffers.Pools;

/// <summary>Free blocks of one size, linked by <see cref="Slot.Next"/>.</summary>
internal struct Bundle
{
    /// <safety>The caller owns the <paramref name="count"/> linked slots, and gives them up.</safety>
    public unsafe Bundle(Slot* first, int count)
    {
        First = first;
        Count = count;
    }

    public unsafe Slot* First { get; private set; }

    public int Count { get; private set; }

    public readonly bool IsEmpty => Count == 0;

    /// <summary>A bundle of one.</summary>
    /// <safety>The caller owns the slot, and gives it up.</safety>
    public static unsafe Bundle Of(Slot* slot)
    {
        slot->Next = null;
        return new Bundle(slot, 1);
    }

    /// <summary>Moves a bundle: the place it was in is empty afterwards.</summary>
    public static Bundle Take(ref Bundle place)
    {
        Bundle taken = place;
        place = default;
        return taken;
    }

    /// <safety>The caller owns the slot, and gives it up.</safety>
    public unsafe void Push(Slot* slot)
    {
        slot->Next = First;
        First = slot;
        Count++;
    }

    /// <summary>The slot that was pushed last; null when there is none.</summary>
    /// <safety>The slot belongs to the caller.</safety>
    public unsafe Slot* TryPop()
    {
        Slot* slot = First;
        if (slot != null)
        {
            First = slot->Next;
            Count--;
        }

        return slot;
    }

    /// <summary>Says which magazine the blocks belong to now; null for none.</summary>
    /// <safety>The caller owns the slots.</safety>
    public readonly unsafe void SetHome(Magazine* home)
    {
        for (Slot* slot = First; slot != null; slot = slot->Next)
        {
            slot->Home = home;
        }
    }
}
