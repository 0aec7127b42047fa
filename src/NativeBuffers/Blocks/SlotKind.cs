namespace NativeBuffers.Blocks;

/// <summary>The source of a slot's block. The source also frees the block.</summary>
internal enum SlotKind : byte
{
    /// <summary>The caches: a block of a size class.</summary>
    Cached,

    /// <summary>
    /// A block of a budget over the default allocator. If a size class holds it, the caches take it when it comes back. The slot's size
    /// is the requested one, and <see cref="SlotTable.ChargedTo"/> is the number of the budget.
    /// </summary>
    Charged,

    /// <summary>A block above the largest size class, of the default allocator.</summary>
    Large,

    /// <summary>A block of a pool's own heap: the slot's home leads to the heap.</summary>
    Pooled,

    /// <summary>A block of an allocator that the user chose, an instrumented block, or a block that other code has allocated.</summary>
    Foreign,
}
