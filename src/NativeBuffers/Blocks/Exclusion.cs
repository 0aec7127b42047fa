namespace NativeBuffers.Blocks;

/// <summary>A note that one thread excludes the other threads from a block, while it may run code from outside the library.</summary>
/// <remarks>
/// <para>An allocator may call the program: a budget's <c>OnRefusal</c>, a C function, an event listener. That code may use the very owner
/// whose block is being resized. A wait would never end there, so <see cref="IsMine"/> tells the waiting member, which throws instead.</para>
/// <para>In the meantime <see cref="Slot.Note"/> takes requests to close. <c>Dispose</c> never throws, and a finalizer must not wait for the
/// thread that resizes: that thread may be waiting for the finalizer. So a disposal leaves a request, and the thread that resizes closes
/// the owner at the end. A request names the generation, so a late request for an earlier generation fails.</para>
/// </remarks>
internal struct Exclusion
{
    [ThreadStatic]
    private static unsafe Exclusion* t_innermost;

    private unsafe Exclusion* _outer;
    private unsafe Slot* _slot;

    /// <summary>Begins a note.</summary>
    /// <param name="note">The note, on the stack of this thread.</param>
    /// <param name="slot">The slot, which this thread has made exclusive.</param>
    /// <param name="opened">The generation of the slot, in the state open.</param>
    /// <safety>The note stays on the stack until <see cref="End"/>. Notes of a thread end in reverse order.</safety>
    public static unsafe void Begin(Exclusion* note, Slot* slot, Generation opened)
    {
        note->_outer = t_innermost;
        note->_slot = slot;
        t_innermost = note;
        Volatile.Write(ref slot->Note, NoRequest(opened));
    }

    /// <summary>Ends the note, before other threads may enter again. True if the owner was disposed since: then no thread may enter again.</summary>
    /// <remarks>The request stays until the generation is closed, so that the owner never looks open in between.</remarks>
    /// <inheritdoc cref="Begin" path="/param"/>
    /// <safety>The note was begun on this thread, with the same slot, which is still exclusive. It is the last one begun.</safety>
    public static unsafe bool End(Exclusion* note, Slot* slot, Generation opened)
    {
        Forget(note);
        return Interlocked.CompareExchange(ref slot->Note, 0, NoRequest(opened)) != NoRequest(opened);
    }

    /// <summary>Ends the note of a slot that this thread has given away.</summary>
    /// <safety>The note was begun on this thread, is the last one begun, and is still on the stack.</safety>
    public static unsafe void Forget(Exclusion* note) => t_innermost = note->_outer;

    /// <summary>Whether this thread itself excludes the other threads, so that a wait for the slot would never end.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public static unsafe bool IsMine(Slot* slot)
    {
        Exclusion* note = t_innermost;
        while (note != null && note->_slot != slot)
        {
            note = note->_outer;
        }

        return note != null;
    }

    /// <summary>Requests that the excluding thread closes the generation at the end; false if that thread accepts no requests.</summary>
    /// <safety>Slots are never unmapped; the generation was the caller's, perhaps long ago.</safety>
    public static unsafe bool TryAskToClose(Slot* slot, Generation opened) =>
        Interlocked.CompareExchange(ref slot->Note, Request(opened), NoRequest(opened)) == NoRequest(opened) || IsAskedToClose(slot, opened);

    /// <summary>Whether the excluding thread was asked to close the generation at the end.</summary>
    /// <inheritdoc cref="TryAskToClose" path="/safety"/>
    public static unsafe bool IsAskedToClose(Slot* slot, Generation opened) => Volatile.Read(in slot->Note) == Request(opened);

    private static ulong NoRequest(Generation opened) => opened.With(SlotState.Exclusive).Value;

    private static ulong Request(Generation opened) => opened.With(SlotState.ClosePending).Value;
}
