using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Regions;

/// <summary>Frees one block that is a mapping: an allocator that allocates nothing.</summary>
/// <remarks>
/// There is one for each mapping, and it keeps what the mapping is of. So a file or a section is closed when its memory is
/// given back, which is when the last borrow of a disposed owner ends.
/// </remarks>
internal abstract class MappedBlock : NativeAllocator
{
    /// <summary>Names the mapping.</summary>
    /// <param name="name">For messages.</param>
    private protected MappedBlock(string name)
        : base(name)
    {
    }

    /// <summary>Where a block of no bytes is: there is no such mapping, and nobody looks at it.</summary>
    /// <safety>Follow it nowhere.</safety>
    private protected static unsafe void* Nowhere => (void*)SystemMemory.PageSize;

    /// <summary>Null: the one block is there already.</summary>
    protected sealed override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => null;
}
