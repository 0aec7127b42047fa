using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary><see cref="NativeMemory.AlignedAlloc"/>: every block starts at a multiple of one alignment.</summary>
/// <remarks>
/// The call costs several times as much as <c>malloc</c>. For alignments of up to a cache line, owners use the thread cache instead, whose
/// blocks all have that alignment.
/// </remarks>
internal sealed class AlignedAllocator : NativeAllocator
{
    /// <summary>One allocator for each power of two that an <see cref="int"/> holds, made at the first request.</summary>
    private static readonly AlignedAllocator?[] s_byPowerOfTwo = new AlignedAllocator?[31];

    private readonly int _alignment;

    private AlignedAllocator(int alignment)
        : base($"Aligned({alignment})")
    {
        _alignment = alignment;
        IsServedByCache = alignment <= CacheLine.Size;
        LivesForever = true;
        BlockAlignment = nuint.Max((nuint)alignment, BlockAlignment);
    }

    /// <summary>The allocator of an alignment, in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The alignment is not a power of two.</exception>
    public static AlignedAllocator For(int alignment)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alignment);
        Layout.ThrowIfNotAlignment((nuint)alignment, nameof(alignment));
        ref AlignedAllocator? place = ref s_byPowerOfTwo[BitOperations.Log2((uint)alignment)];
        return Volatile.Read(ref place) ?? Interlocked.CompareExchange(ref place, new AlignedAllocator(alignment), null) ?? place!;
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        void* block = TryReallocate(null, byteCount, alignment);
        if (zeroed && block != null)
        {
            NativeMemory.Clear(block, byteCount);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* resized = TryReallocate(block, newByteCount, alignment);
        if (resized != null)
        {
            new Block(resized, newByteCount).ClearFrom(oldByteCount);
        }

        return resized;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        TryReallocate(block, newByteCount, alignment);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => NativeMemory.AlignedFree(block);

    /// <summary>A new block for null; otherwise the block with another size. Null when memory is exhausted.</summary>
    /// <safety>The block is null, or is this allocator's and live. The caller has checked the size and the alignment.</safety>
    private unsafe void* TryReallocate(void* block, nuint byteCount, nuint alignment)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            alignment = nuint.Max(alignment, (nuint)_alignment);
            byteCount = nuint.Max(byteCount, 1);
            return block == null ? NativeMemory.AlignedAlloc(byteCount, alignment) : NativeMemory.AlignedRealloc(block, byteCount, alignment);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
