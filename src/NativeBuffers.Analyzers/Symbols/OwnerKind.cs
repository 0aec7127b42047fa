namespace NativeBuffers.Analyzers.Symbols;

/// <summary>The kinds of owners that the rules follow.</summary>
internal enum OwnerKind
{
    /// <summary>Not an owner.</summary>
    None,

    /// <summary><c>NativeBuffer&lt;T&gt;</c>.</summary>
    Buffer,

    /// <summary><c>ScratchList&lt;T&gt;</c>.</summary>
    ScratchList,

    /// <summary><c>NativeArena</c>.</summary>
    Arena,

    /// <summary><c>ArenaScope</c>.</summary>
    ArenaScope,

    /// <summary><c>Borrow&lt;T&gt;</c>, <c>ReadOnlyBorrow&lt;T&gt;</c> and <c>ArenaBorrow</c>: scoped uses of an owner that lives elsewhere.</summary>
    Borrow,

    /// <summary>An owner on the heap with a finalizer: <c>NativeMemoryOwner&lt;T&gt;</c>, lists, regions, mapped files, safe buffers.</summary>
    Heap,

    /// <summary><c>PooledBuffer&lt;T&gt;</c>.</summary>
    Pooled,

    /// <summary>The platform's <c>MemoryHandle</c>: a pin of an owner.</summary>
    Pin,

    /// <summary>The platform's <c>IMemoryOwner&lt;T&gt;</c>.</summary>
    PlatformOwner,

    /// <summary>An array of the platform's <c>ArrayPool&lt;T&gt;</c>.</summary>
    PoolArray,
}
