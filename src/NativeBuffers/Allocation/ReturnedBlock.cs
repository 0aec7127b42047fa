using NativeBuffers.Platform;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Checks the addresses that a user's own allocators and C functions return.</summary>
/// <remarks>
/// <para>An address whose block would reach the last page of the address space is refused, and not freed. Some functions of the
/// system return error numbers from -4095 to -1, which are addresses there. Null means exhausted memory, and passes.</para>
/// <para>A new block at a wrong alignment is freed and refused. A resized block at a wrong alignment is moved to an aligned block:
/// the old block is freed by then, so after an exception its owner would still use it. If there is no aligned block either,
/// the resized block is used as it is: its bounds and contents are right, and it is freed once.</para>
/// <para>The size of a block and its zeroes are not checked. Guards of the mode <see cref="GuardMode.Checked"/> find blocks that
/// overlap.</para>
/// </remarks>
internal static class ReturnedBlock
{
    private const int LastPageSize = 4096;

    /// <summary>Checks a block that was just allocated, or null, and returns it.</summary>
    /// <param name="allocator">The allocator that returned the block, and frees it.</param>
    /// <param name="block">The address that the allocator returned.</param>
    /// <param name="byteCount">The size that the allocator was asked for.</param>
    /// <param name="alignment">The alignment that the allocator was asked for.</param>
    /// <exception cref="InvalidOperationException">The address cannot be that of such a block.</exception>
    /// <safety>The block is new, has <paramref name="byteCount"/> bytes, and lives until it is freed: no other code knows its address.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* Allocated(NativeAllocator allocator, void* block, nuint byteCount, nuint alignment) =>
        !allocator.IsCustom || (IsAligned(block, alignment) && Fits(block, byteCount)) ? block : Refuse(allocator, block, byteCount, alignment);

    /// <summary>Checks a block that was just resized, or null. Returns it, or an aligned block with its contents.</summary>
    /// <param name="allocator">The allocator that returned the block, and frees it.</param>
    /// <param name="block">Where the block was before.</param>
    /// <param name="resized">The address that the allocator returned.</param>
    /// <param name="byteCount">The size that the allocator was asked for.</param>
    /// <param name="alignment">The alignment that the allocator was asked for.</param>
    /// <exception cref="InvalidOperationException">The address cannot be that of such a block; the old block counts as unchanged.</exception>
    /// <safety>The resized block has <paramref name="byteCount"/> bytes. The caller uses only the result from now on.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void* Resized(NativeAllocator allocator, void* block, void* resized, nuint byteCount, nuint alignment) =>
        !allocator.IsCustom || (Fits(resized, byteCount) && (IsAligned(resized, alignment) || resized == block))
            ? resized
            : Realign(allocator, resized, byteCount, alignment);

    /// <summary>Throws if the block would reach the last page of the address space.</summary>
    /// <safety>The address is compared, and not followed: its lifetime does not matter.</safety>
    public static unsafe void ThrowIfOutside(NativeAllocator allocator, void* block, nuint byteCount)
    {
        if (!Fits(block, byteCount))
        {
            throw ThrowHelper.NoBlock(allocator, (nuint)block, byteCount);
        }
    }

    /// <summary>Throws if a block that a native function returned is smaller than the caller says, as far as the system tells sizes.</summary>
    /// <remarks>
    /// The C library tells the size of its blocks. Of mapped pages the system tells whether they are mapped, and not to which mapping
    /// they belong. Of other blocks only a function of the user can tell.
    /// </remarks>
    /// <safety>The block is allocated, and <paramref name="allocator"/> could free it.</safety>
    public static unsafe void ThrowIfSmaller(NativeAllocator allocator, void* block, nuint byteCount)
    {
        bool isOfHeap = allocator is OverAligningAllocator || (allocator is AlignedAllocator && !OperatingSystem.IsWindows());
        nuint most = allocator is FunctionsAllocator functions ? functions.ByteCountOf(block)
            : isOfHeap ? Host.Memory.HeapByteCountOf(block)
            : nuint.MaxValue;
        if (byteCount > most)
        {
            throw ThrowHelper.SmallerBlock(byteCount, most);
        }

        if (allocator is PagesAllocator && !Host.Memory.IsMapped(block, byteCount))
        {
            throw ThrowHelper.SmallerMapping(byteCount);
        }
    }

    /// <summary>True for an error number of the system in place of an address.</summary>
    public static bool IsErrorNumber(nint address) => address is > -LastPageSize and < 0;

    /// <safety>The address is compared, and not followed.</safety>
    private static unsafe bool IsAligned(void* block, nuint alignment) => ((nuint)block & (alignment - 1)) == 0;

    /// <safety>The address is compared, and not followed.</safety>
    private static unsafe bool Fits(void* block, nuint byteCount) => (nuint)block <= nuint.MaxValue - LastPageSize - byteCount;

    /// <inheritdoc cref="Allocated"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* Refuse(NativeAllocator allocator, void* block, nuint byteCount, nuint alignment)
    {
        ThrowIfOutside(allocator, block, byteCount);
        allocator.GiveBack(block, byteCount, alignment);
        throw ThrowHelper.Misaligned(allocator, alignment);
    }

    /// <inheritdoc cref="Resized"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void* Realign(NativeAllocator allocator, void* resized, nuint byteCount, nuint alignment)
    {
        ThrowIfOutside(allocator, resized, byteCount);
        void* aligned = null;
        try
        {
            aligned = allocator.Obtain(byteCount, alignment, zeroed: false);
        }
        catch (Exception)
        {
            // The caller's old block is gone, so an exception must not make the caller take it for unchanged.
        }

        if (aligned == null)
        {
            return resized;
        }

        new Block(resized, byteCount).CopyTo(new Block(aligned, byteCount));
        try
        {
            allocator.GiveBack(resized, byteCount, alignment);
        }
        catch (Exception)
        {
            // The same holds here. At worst the misaligned block is lost.
        }

        return aligned;
    }
}
