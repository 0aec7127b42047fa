using System.Buffers;

namespace NativeBuffers.AspNetCore;

/// <summary>A rental: one block of a slab. The object is used again for later rentals of the block.</summary>
/// <remarks>
/// As with Kestrel's own pool, the block goes to later renters, so the renter must not use the memory after the return. A return that is
/// repeated before the next rental is found and reported. A block whose rental was forgotten comes back by the finalizer.
/// </remarks>
internal sealed class ServerBlock(ServerSlab slab, Memory<byte> memory) : IMemoryOwner<byte>
{
    /// <summary>Returns the block of a rental that was forgotten.</summary>
    ~ServerBlock() => Slab.Pool.TakeBackForgotten(this);

    public ServerSlab Slab { get; } = slab;

    public Memory<byte> Memory { get; } = memory;

    /// <summary>The next free block. The lock of the pool guards it.</summary>
    public ServerBlock? Next { get; set; }

    /// <summary>Whether the block is rented. The lock of the pool guards it.</summary>
    public bool IsRented { get; set; }

    public void Dispose() => Slab.Pool.Return(this);
}
