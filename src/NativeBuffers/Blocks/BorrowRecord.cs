namespace NativeBuffers.Blocks;

/// <summary>A thread's note that it is using a block, for others to read.</summary>
internal struct BorrowRecord
{
    /// <summary>The slot whose block is borrowed; null when the record is free. Its thread alone writes it.</summary>
    public unsafe Slot* Slot;

    /// <summary>The slot's generation that is borrowed, in the state held. For its thread alone.</summary>
    public Generation Opened;

    /// <summary>How many borrows this record has seen end. A copy of a borrow that has ended finds it moved on.</summary>
    public ulong Generation;
}
