using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks;

/// <summary>The generations of a slot that belong to one scoped buffer, because it was only resized.</summary>
/// <remarks>
/// The compiler copies a buffer to call <c>Resize</c> where it may not change the buffer itself: an <c>in</c> parameter, a readonly
/// field, the hidden variable of <c>using (buffer)</c>. The copy is resized and lost, and the buffer keeps the old generation. This chain
/// lets the disposal of the buffer find the block. Only <c>Resize</c> writes the chain. See docs/decisions/0001.
/// </remarks>
internal struct ResizeChain
{
    private Generation _first;
    private Generation _last;

    /// <summary>Notes that a resize has moved the generation on.</summary>
    /// <safety>The slot is never unmapped, and this thread has it.</safety>
    public static unsafe void Note(Slot* slot, Generation from, Generation to)
    {
        ResizeChain* chain = SlotTable.ResizedOf(slot);
        if (chain->_last != from)
        {
            Volatile.Write(ref chain->_first.Value, from.Value);
        }

        Volatile.Write(ref chain->_last.Value, to.Value);
    }

    /// <summary>Whether only resizes lie between an earlier generation and the present one.</summary>
    /// <remarks>
    /// A generation is never given twice. So if the last resize made the present generation, no other use has happened since. Another
    /// thread that has the slot now may write here: its generations are higher than that of the asking buffer, and it writes the first
    /// generation before the last.
    /// </remarks>
    /// <safety>Slots are never unmapped. A buffer of this thread had the first generation.</safety>
    public static unsafe bool Leads(Slot* slot, Generation from, Generation now)
    {
        ResizeChain* chain = SlotTable.ResizedOf(slot);
        return Volatile.Read(ref chain->_last.Value) == now.Value
            && Volatile.Read(ref chain->_first.Value) <= from.Value
            && from.Value < now.Value;
    }

    /// <summary>Counts and reports the disposal of a stale buffer whose copy was resized.</summary>
    /// <safety>The slot is the caller's, and has the block of the copy.</safety>
    public static unsafe void Tell(Slot* slot)
    {
        AllocationSite? allocated = InstrumentationSwitch.IsOn ? AllocationSite.FromId(slot->Note.SiteId) : null;
        DiagnosticEvent.Leak.Raise(() => $"{(allocated is null ? "" : $"{allocated}: ")}a copy of the buffer was resized and lost; its block is given back with the buffer."
                + " Resize the variable itself: an `in` parameter, a readonly field and `using (buffer)` are copies.");
    }
}
