using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>Frees one block that is a mapping: an allocator that allocates nothing.</summary>
/// <remarks>
/// There is one for each mapping. It keeps the mapping's file, section or reservation, and gives that up with the block: when the last
/// borrow of a disposed owner ends. It refers to no owner, so the cleaner finds an owner that was not disposed.
/// </remarks>
/// <param name="name">The mapping's name, for messages.</param>
internal abstract class MappedBlock(string name) : NativeAllocator(name)
{
    /// <summary>The address of a block of no bytes, which has no mapping.</summary>
    /// <safety>The address is not followed.</safety>
    private protected static unsafe void* Nowhere => (void*)SystemMemory.PageSize;

    /// <summary>The whole mapping, until an owner resizes it.</summary>
    public Block Block { get; protected set; }

    /// <summary>The owner's part of this mapping. Called once, by the new owner. Frees the mapping if this throws.</summary>
    public OwnedBlock Own(int elementSize, AllocationSite site)
    {
        try
        {
            AllocationSite.Note(site);
            unsafe
            {
                // SAFETY: the block is the whole mapping, with its byte count, and lives until this allocator frees it.
                return new OwnedBlock(SharedHandle.Adopt(Block.Start, Block.ByteCount, this), (long)(Block.ByteCount / (nuint)elementSize));
            }
        }
        catch
        {
            FreeUnowned();
            throw;
        }
    }

    /// <summary>Frees the mapping, which has no owner.</summary>
    public void FreeUnowned()
    {
        unsafe
        {
            // SAFETY: the block is the whole mapping, with its byte count. No owner has it, so it is freed only here.
            Free(Block.Start, Block.ByteCount);
        }
    }

    /// <summary>Borrows all elements of the mapping's owner.</summary>
    /// <param name="ownedBlock">The owner's part of this mapping. The caller keeps the owner alive.</param>
    /// <param name="isChecked">True to refuse a mapping that was cut.</param>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public Borrow<T> Borrow<T>(ref OwnedBlock ownedBlock, bool isChecked = true)
        where T : unmanaged
    {
        if (!ownedBlock.TryBorrow(out BorrowHandle handle) && !ownedBlock.TryBorrowSlow(out handle))
        {
            throw Disposed<T>();
        }

        unsafe
        {
            // SAFETY: the handle keeps the block and its length until the borrow ends.
            var borrow = new Borrow<T>(handle, ownedBlock.Start, ownedBlock.BorrowedLength);
            try
            {
                if (isChecked)
                {
                    ThrowIfCut((nuint)borrow.Length * (nuint)sizeof(T));
                }
            }
            catch
            {
                borrow.Dispose();
                throw;
            }

            return borrow;
        }
    }

    /// <summary>Opens a stream over all elements of the mapping's owner, which pins them.</summary>
    /// <inheritdoc cref="Borrow" path="/param|/exception"/>
    public UnmanagedMemoryStream OpenStream<T>(ref OwnedBlock ownedBlock, FileAccess access)
        where T : unmanaged
    {
        using Borrow<T> borrow = Borrow<T>(ref ownedBlock);
        return MappingStream.TryOpen(ref ownedBlock, Unsafe.SizeOf<T>(), access) ?? throw Disposed<T>();
    }

    /// <summary>The exception for an owner that was disposed.</summary>
    public ObjectDisposedException Disposed<T>() => ThrowHelper.Disposed($"{Family}<{typeof(T).Name}>");

    /// <summary>Throws if another program has made the mapped file shorter than the mapping. Memory after its end must not be touched.</summary>
    /// <param name="byteCount">The mapping's length in bytes.</param>
    /// <safety>The block is borrowed, so no other thread resizes or frees it.</safety>
    protected virtual unsafe void ThrowIfCut(nuint byteCount)
    {
    }

    /// <summary>Null: the one block exists already.</summary>
    /// <inheritdoc path="/safety"/>
    protected sealed override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => null;
}
