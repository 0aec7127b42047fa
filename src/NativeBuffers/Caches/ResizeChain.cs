using NativeBuffers.Watching;

namespace NativeBuffers.Caches;

/// <summary>Which generations of a slot are one loan to a scoped buffer, which was resized.</summary>
/// <remarks>
/// The compiler copies a buffer to call <c>Resize</c> where it may not change the buffer itself: an <c>in</c> parameter, a readonly field,
/// the hidden variable of <c>using (buffer)</c>. The copy is resized and lost, and the buffer stays with an old generation. By this chain its
/// disposal finds the block all the same. Only <c>Resize</c> writes here. See docs/decisions/0001.
/// </remarks>
internal struct ResizeChain
{
    private ulong _first;
    private ulong _last;

    /// <summary>Notes that a resize has moved the generation of a loan on.</summary>
    /// <safety>The slot is the caller's, on this thread.</safety>
    public static unsafe void Note(Slot* slot, ulong from, ulong to)
    {
        ResizeChain* chain = SlotTable.ResizedOf(slot);
        if (chain->_last != from)
        {
            Volatile.Write(ref chain->_first, from);
        }

        Volatile.Write(ref chain->_last, to);
    }

    /// <summary>Whether resizes alone have led from one generation to the one that the slot has now.</summary>
    /// <remarks>
    /// A generation is never given twice. So if the last resize gave the one of now, nothing else has happened since. If the slot has
    /// gone to another thread, that may write here: its generations are higher than the asking lease's, and it writes the first one first.
    /// </remarks>
    /// <safety>Slots are never unmapped. A lease of this thread had the first generation.</safety>
    public static unsafe bool Leads(Slot* slot, ulong from, ulong now)
    {
        ResizeChain* chain = SlotTable.ResizedOf(slot);
        return Volatile.Read(ref chain->_last) == now && Volatile.Read(ref chain->_first) <= from && from < now;
    }

    /// <summary>Counts and tells that a stale buffer is disposed, whose copy was resized.</summary>
    /// <safety>The slot is the caller's, and has the block of the copy.</safety>
    public static unsafe void Tell(Slot* slot)
    {
        Origin? allocated = Switch.IsOn ? Origin.FromId(slot->OriginId) : null;
        Tally.Count(
            Happening.Leak,
            () => $"{(allocated is null ? "" : $"{allocated}: ")}a copy of the buffer was resized and lost; its block is given back with the buffer."
                + " Resize the variable itself: an `in` parameter, a readonly field and `using (buffer)` are copies.");
    }
}
