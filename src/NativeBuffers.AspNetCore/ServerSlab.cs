namespace NativeBuffers.AspNetCore;

/// <summary>A piece of an array that is divided into blocks of one pool, and allocated and freed as a whole.</summary>
/// <remarks>It does not refer to its blocks: a forgotten rental must become unreachable.</remarks>
internal sealed class ServerSlab
{
    private readonly NativeMemoryOwner<byte> _owner;

    private ServerSlab(ServerPool pool, NativeMemoryOwner<byte> owner)
    {
        Pool = pool;
        _owner = owner;
        Count = (int)(owner.Length / ServerPool.BlockByteCount);
    }

    public ServerPool Pool { get; }

    /// <summary>The number of blocks.</summary>
    public int Count { get; }

    /// <summary>The number of free blocks. The lock of the pool guards it.</summary>
    public int FreeCount { get; set; }

    public bool IsFree => FreeCount == Count;

    /// <summary>Makes a slab, and returns its blocks as a list. They are not free yet.</summary>
    /// <param name="pool">The pool that rents the blocks.</param>
    /// <param name="owner">The memory, which belongs to the slab from now on.</param>
    public static ServerBlock Make(ServerPool pool, NativeMemoryOwner<byte> owner)
    {
        var slab = new ServerSlab(pool, owner);
        Memory<byte> memory = owner.Memory;
        ServerBlock? first = null;
        for (int i = slab.Count - 1; i >= 0; i--)
        {
            first = new ServerBlock(slab, memory.Slice(i * ServerPool.BlockByteCount, ServerPool.BlockByteCount)) { Next = first };
        }

        return first!;
    }

    /// <summary>Gives the pages to the system, and lets the array go. All blocks are free, and none is rented again.</summary>
    public void Free()
    {
        // If the whole pool was forgotten, the finalizer of the memory may run first.
        if (!_owner.IsDisposed)
        {
            IdlePages.Discard(_owner);
            _owner.Dispose();
        }
    }
}
