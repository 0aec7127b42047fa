using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary><see cref="NativeMemory.AlignedAlloc"/>: every block starts at a multiple of one alignment.</summary>
/// <remarks>
/// Owners take alignments of up to a cache line from the thread cache, whose blocks all have it; the call itself costs
/// several times as much as <c>malloc</c>.
/// </remarks>
internal sealed class AlignedAllocator : NativeAllocator
{
    /// <summary>One for each power of two that an <see cref="int"/> holds, made when first asked for.</summary>
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

    public static AlignedAllocator For(int alignment)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alignment);
        Layout.ThrowIfNotAlignment((nuint)alignment, nameof(alignment));
        ref AlignedAllocator? known = ref s_byPowerOfTwo[BitOperations.Log2((uint)alignment)];
        return Volatile.Read(ref known) ?? Add(ref known, alignment);
    }

    private static AlignedAllocator Add(ref AlignedAllocator? known, int alignment)
    {
        var made = new AlignedAllocator(alignment);
        return Interlocked.CompareExchange(ref known, made, null) ?? made;
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            void* block = NativeMemory.AlignedAlloc(nuint.Max(byteCount, 1), Effective(alignment));
            if (zeroed)
            {
                NativeMemory.Clear(block, byteCount);
            }

            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* resized = ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment);
        if (resized != null)
        {
            new Block(resized, newByteCount).ClearFrom(oldByteCount);
        }

        return resized;
    }

    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            return NativeMemory.AlignedRealloc(block, nuint.Max(newByteCount, 1), Effective(alignment));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => NativeMemory.AlignedFree(block);

    private nuint Effective(nuint alignment) => nuint.Max(alignment, (nuint)_alignment);
}
