using System.Buffers;

namespace NativeBuffers.AspNetCore;

/// <summary>A rental: one block of a slab. The object is used again for later rentals of the block.</summary>
/// <remarks>
/// The block goes to later renters, as in Kestrel's own pool. So the renter must not use the memory after the return. A second return before the
/// next rental is found and reported. A block whose rental was forgotten comes back by the finalizer.
/// </remarks>
internal sealed class ServerBlock(ServerSlab slab, int index, Memory<byte> memory) : IMemoryOwner<byte>
{
    /// <summary>Returns the block of a rental that was forgotten.</summary>
    ~ServerBlock() => slab.Pool.TakeBackForgotten(this);

    public ServerSlab Slab => slab;

    /// <summary>The place of the block in its slab.</summary>
    public int Index => index;

    public Memory<byte> Memory => memory;

    public void Dispose() => slab.Pool.Return(this);
}
