namespace NativeBuffers.Blocks;

/// <summary>A word of a slot that has one meaning at a time.</summary>
/// <remarks>
/// The values of the four meanings differ, so a thread that looks too late at a slot finds no value of its own kind:
/// <code>
/// the slot is                      the word is                              recognised by
/// without a block                  the next slot of a list, or null         a multiple of 64
/// scoped, in an instrumented       the number of the allocation site        odd, highest bit 0
///   process
/// scoped, first block of an arena  the complement of the generation         highest bit 1
///                                  of the arena: see ArenaGenerations
/// exclusive in this generation,    the generation, as a request to close    even, state exclusive (no request)
///   now or before                                                           or close pending (request)
/// </code>
/// <para>A request to close exists because <c>Dispose</c> never throws, and because a finalizer must not wait for the thread that resizes:
/// that thread may be waiting for the finalizer. So a disposal leaves a request, and the thread that resizes closes the owner at the
/// end. A request names the generation, so a late request for an earlier generation fails.</para>
/// </remarks>
internal struct SlotNote
{
    private ulong _value;

    /// <summary>The next slot in a list of slots without blocks.</summary>
    /// <safety>The slot of this note has no block.</safety>
    public unsafe Slot* Next
    {
        readonly get => (Slot*)_value;
        set => _value = (ulong)value;
    }

    /// <summary>The number of the allocation site of a scoped buffer in an instrumented process; 0 if no site was noted.</summary>
    public int SiteId
    {
        readonly get => (_value & 1) != 0 ? (int)(_value >> 1) : 0;
        set => _value = ((ulong)value << 1) | 1;
    }

    /// <summary>Lets other threads request that the generation is closed. For the thread that excludes them.</summary>
    public void AcceptRequests(Generation opened) => Volatile.Write(ref _value, None(opened));

    /// <summary>
    /// Ends the acceptance of requests. True if there was a request: then the caller must close the generation, and the request stays
    /// until it does.
    /// </summary>
    public bool EndRequests(Generation opened) => Interlocked.CompareExchange(ref _value, 0, None(opened)) != None(opened);

    /// <summary>Requests that the excluding thread closes the generation at the end; false if that thread accepts no requests.</summary>
    public bool TryAskToClose(Generation opened) =>
        Interlocked.CompareExchange(ref _value, Asked(opened), None(opened)) == None(opened) || IsAskedToClose(opened);

    /// <summary>Whether the excluding thread was asked to close the generation at the end.</summary>
    public readonly bool IsAskedToClose(Generation opened) => Volatile.Read(in _value) == Asked(opened);

    private static ulong None(Generation opened) => opened.With(SlotState.Exclusive).Value;

    private static ulong Asked(Generation opened) => opened.With(SlotState.ClosePending).Value;
}
