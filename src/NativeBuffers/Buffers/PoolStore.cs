using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>The store of one pool: an allocator that keeps freed blocks for the next requests, up to a limit.</summary>
/// <remarks>
/// Rented buffers take slots of its <see cref="Heap"/>. This allocator gives bare blocks of the same heap: to a guard or a tracker in front
/// of it, and to the program that frees a released block. The heap keeps blocks of up to 1 GiB: the default allocator's caches stop at
/// 256 KiB, and larger blocks are a reason to make a pool.
/// </remarks>
internal sealed class PoolStore : NativeAllocator
{
    public PoolStore(NativePoolOptions options)
        : base($"Pool({(options.Allocator ?? Default).Name})", (options.Allocator ?? Default).Requested, AllocatorLayers.Pool)
    {
        BlockAlignment = Layout.DefaultAlignment;
        Heap = new PoolHeap(this, options.CachedBytesLimit);
    }

    /// <summary>The slots, bins and depots of the pool.</summary>
    public PoolHeap Heap { get; }

    /// <summary>Whether a layer after the pool reads the site of each request, so that no rental may take a slot of the heap.</summary>
    public bool ReadsSites => Layers.ReadSite;

    public long CachedBytes => Heap.CachedBytes;

    public bool IsClosed => Heap.IsClosed;

    /// <inheritdoc cref="PoolHeap.Trim"/>
    public void Trim() => Heap.Trim();

    /// <inheritdoc cref="PoolHeap.Close"/>
    public void Close() => Heap.Close();

    /// <inheritdoc cref="PoolHeap.AfterFullCollection"/>
    public void AfterFullCollection(bool isMemoryShort) => Heap.AfterFullCollection(isMemoryShort);

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsKept(byteCount, alignment))
        {
            return Inner.Obtain(byteCount, alignment, zeroed);
        }

        void* block = PoolPath.TryTakeBare(Heap, byteCount);
        if (block == null)
        {
            return Inner.Obtain(SizeClasses.SizeOf(SizeClasses.Of(byteCount)), Layout.DefaultAlignment, zeroed);
        }

        if (zeroed)
        {
            new Block(block, byteCount).ClearFrom(0);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        bool wasKept = IsKept(oldByteCount, alignment);
        bool isKept = IsKept(newByteCount, alignment);
        if (!wasKept && !isKept)
        {
            return Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);
        }

        if (wasKept && isKept && SizeClasses.Of(oldByteCount) == SizeClasses.Of(newByteCount))
        {
            new Block(block, newByteCount).ClearFrom(oldByteCount);
            return block;
        }

        return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        !IsKept(oldByteCount, alignment) && !IsKept(newByteCount, alignment)
            ? Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false)
            : ResizeCore(block, oldByteCount, newByteCount, alignment);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsKept(byteCount, alignment))
        {
            Inner.GiveBack(block, byteCount, alignment);
            return;
        }

        int sizeClass = SizeClasses.Of(byteCount);
        if (!PoolPath.TryGiveBare(Heap, block, sizeClass))
        {
            Heap.FreeBlock(new Block(block, SizeClasses.SizeOf(sizeClass)));
        }
    }

    private static bool IsKept(nuint byteCount, nuint alignment) => byteCount <= PoolHeap.Largest && alignment <= Layout.DefaultAlignment;
}
