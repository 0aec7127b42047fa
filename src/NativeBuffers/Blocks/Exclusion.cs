namespace NativeBuffers.Blocks;

/// <summary>A note that one thread excludes the other threads from a block, while it may run code from outside the library.</summary>
/// <remarks>
/// <para>An allocator may call the program: a budget's <c>OnRefusal</c>, a C function, an event listener. That code may use the very owner whose
/// block is being resized. A wait would never end there, so <see cref="IsMine"/> tells the waiting member, which throws instead.</para>
/// <para><c>Dispose</c> never throws, and a finalizer must not wait for the thread that resizes: that thread may be waiting for the finalizer. So
/// disposing leaves a request, and the thread that resizes closes the owner at the end. The request lies in <see cref="Slot.Next"/>, which a
/// held slot does not use otherwise. A request names the generation, so a late one for an earlier generation fails.</para>
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
    /// <param name="opened">The generation of the slot.</param>
    /// <safety>The note stays on the stack until <see cref="End"/>. Notes of a thread end in reverse order.</safety>
    public static unsafe void Begin(Exclusion* note, Slot* slot, Generation opened)
    {
        note->_outer = t_innermost;
        note->_slot = slot;
        t_innermost = note;
        Volatile.Write(ref Request(slot), None(opened));
    }

    /// <summary>Ends the note, before other threads may enter again. True if the owner was disposed meanwhile: then no thread may enter again.</summary>
    /// <remarks>The request stays until the generation is closed, so that the owner never looks open in between.</remarks>
    /// <inheritdoc cref="Begin" path="/param"/>
    /// <safety>The note was begun on this thread, with the same slot, which is still exclusive. It is the last one begun.</safety>
    public static unsafe bool End(Exclusion* note, Slot* slot, Generation opened)
    {
        Forget(note);
        return Interlocked.CompareExchange(ref Request(slot), 0, None(opened)) != None(opened);
    }

    /// <summary>Ends the note of a slot that this thread has given away.</summary>
    /// <safety>The note was begun on this thread, is the last one begun, and is still on the stack.</safety>
    public static unsafe void Forget(Exclusion* note) => t_innermost = note->_outer;

    /// <summary>Whether this thread itself excludes the others, so that a wait for the slot would never end.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public static unsafe bool IsMine(Slot* slot)
    {
        for (Exclusion* note = t_innermost; note != null; note = note->_outer)
        {
            if (note->_slot == slot)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Asks the excluding thread to close the generation at the end; false if there is no such note now.</summary>
    /// <safety>The slot is never unmapped, so one whose generation is over may be asked, too.</safety>
    public static unsafe bool TryAskToClose(Slot* slot, Generation opened) =>
        Interlocked.CompareExchange(ref Request(slot), Asked(opened), None(opened)) == None(opened) || IsAskedToClose(slot, opened);

    /// <summary>Whether the excluding thread was asked to close the generation at the end.</summary>
    /// <safety>The slot is never unmapped, so one whose generation is over may be asked, too.</safety>
    public static unsafe bool IsAskedToClose(Slot* slot, Generation opened) => Volatile.Read(ref Request(slot)) == Asked(opened);

    private static unsafe ref ulong Request(Slot* slot) => ref *(ulong*)&slot->Next;

    // These two values are neither zero nor the address of a slot, whose lowest bits are zero, nor the number of an site, which is odd.
    private static ulong None(Generation opened) => opened.With(SlotState.Exclusive).Value;

    private static ulong Asked(Generation opened) => opened.With(SlotState.ClosePending).Value;
}
