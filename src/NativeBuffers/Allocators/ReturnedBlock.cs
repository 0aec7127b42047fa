using System.Runtime.CompilerServices;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>The one place that looks at the addresses which allocators return: a user's own, and C functions.</summary>
/// <remarks>
/// <para>An address whose block would pass the end of the address space is no block: it is refused and not freed. Null is
/// exhausted memory, and passes.</para>
/// <para>A new block at a wrong alignment is freed and refused. A resized one is moved to a place with the right alignment:
/// the old block is gone by then, so an exception would leave its owner with a freed one. If there is no such place either,
/// the block is used as it is: its bounds and contents are right, and it is freed once.</para>
/// <para>The size of a block and zeroes are believed. Guards of the mode <see cref="GuardMode.Checked"/> see blocks that
/// overlap: <see cref="Diagnostics.Guards.CheckedRanges"/>.</para>
/// </remarks>
internal static class ReturnedBlock
{
    /// <summary>A block that was just allocated, or null.</summary>
    /// <param name="allocator">Returned the block, and frees it.</param>
    /// <param name="block">What it returned.</param>
    /// <param name="byteCount">What it was asked for.</param>
    /// <param name="alignment">The same.</param>
    /// <exception cref="InvalidOperationException">The address cannot be that of such a block.</exception>
    /// <safety>The block is new: no other code knows its address.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* Allocated(NativeAllocator allocator, void* block, nuint byteCount, nuint alignment) =>
        !allocator.IsForeign || (IsAligned(block, alignment) && Fits(block, byteCount)) ? block : Refuse(allocator, block, byteCount, alignment);

    /// <summary>A block that was just resized, or null: at its own place, or at one with the right alignment.</summary>
    /// <param name="allocator">Returned the block, and frees it.</param>
    /// <param name="block">Where the block was before.</param>
    /// <param name="resized">What the allocator returned.</param>
    /// <param name="byteCount">What it was asked for.</param>
    /// <param name="alignment">The same.</param>
    /// <exception cref="InvalidOperationException">The address cannot be that of such a block; the old block counts as unchanged.</exception>
    /// <safety>The old block is not used again if another one was returned.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* Resized(NativeAllocator allocator, void* block, void* resized, nuint byteCount, nuint alignment) =>
        !allocator.IsForeign || (Fits(resized, byteCount) && (IsAligned(resized, alignment) || resized == block))
            ? resized
            : Settle(allocator, resized, byteCount, alignment);

    /// <summary>Throws if the block would pass the end of the address space.</summary>
    /// <safety>The address is not followed.</safety>
    public static unsafe void ThrowIfOutside(NativeAllocator allocator, void* block, nuint byteCount)
    {
        // At least one byte, so that -1, the error of some system functions, is never a block.
        if (!Fits(block, nuint.Max(byteCount, 1)))
        {
            throw Failure.NoBlock(allocator, (nuint)block, byteCount);
        }
    }

    private static unsafe bool IsAligned(void* block, nuint alignment) => ((nuint)block & (alignment - 1)) == 0;

    private static unsafe bool Fits(void* block, nuint byteCount) => (nuint)block <= nuint.MaxValue - byteCount;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* Refuse(NativeAllocator allocator, void* block, nuint byteCount, nuint alignment)
    {
        ThrowIfOutside(allocator, block, byteCount);
        allocator.GiveBack(block, byteCount, alignment);
        throw Failure.Misaligned(allocator, alignment);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* Settle(NativeAllocator allocator, void* resized, nuint byteCount, nuint alignment)
    {
        ThrowIfOutside(allocator, resized, byteCount);
        void* aligned = null;
        try
        {
            aligned = allocator.Obtain(byteCount, alignment, zeroed: false);
        }
        catch (Exception)
        {
            // Whatever it is: the caller's old block is gone, and must not be taken for unchanged.
        }

        if (aligned == null)
        {
            return resized;
        }

        new Block(resized, byteCount).CopyTo(new Block(aligned, byteCount));
        allocator.GiveBack(resized, byteCount, alignment);
        return aligned;
    }
}
