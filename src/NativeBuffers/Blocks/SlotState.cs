namespace NativeBuffers.Blocks;

/// <summary>The state of one use of a slot, in the lowest bits of <see cref="Generation"/>. <c>CloseProtocol</c> has all moves.</summary>
/// <remarks>The three open states are neighbours, so <see cref="Generation.IsOpenFor"/> is one subtraction and one comparison.</remarks>
internal enum SlotState
{
    /// <summary>Free, or used by a scoped buffer, whose thread alone writes the generation.</summary>
    Scoped = 0,

    /// <summary>Open: used by an owner on the managed heap, and never borrowed in this generation.</summary>
    Open = 1,

    /// <summary>Open, and borrowed by no thread but the one that the slot's home belongs to.</summary>
    Biased = 2,

    /// <summary>Open, and perhaps borrowed by any thread.</summary>
    Shared = 3,

    /// <summary>One thread changes the block or its owner; other threads that want to use the block wait.</summary>
    Exclusive = 4,

    /// <summary>No longer open: one thread looks for users of the block.</summary>
    Closing = 5,

    /// <summary>No longer open, but used: the thread that ends the last use gives the block back.</summary>
    ClosePending = 6,

    /// <summary>Given back by a thread that the home does not belong to. The slot is on its way through the home's remote frees.</summary>
    RemotelyFreed = 7,
}
