using NativeBuffers.Allocation;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>The array of which an owner's elements are a part, because the allocator of the block takes blocks from arrays.</summary>
/// <remarks>To read the array of a block, a thread borrows the block. The array may be used at any time.</remarks>
/// <param name="Elements">The array; null if there is none of this element type.</param>
/// <param name="First">The index of the owner's first element.</param>
/// <param name="IsOwn">Whether no later owner gets the memory. A pool gives its blocks to later renters.</param>
internal readonly record struct OwnerArray<T>(T[]? Elements, int First, bool IsOwn)
    where T : unmanaged
{
    /// <summary>Opens a block for a new owner: a part of an array of this element type if the allocator has arrays.</summary>
    /// <inheritdoc cref="SharedHandle.Open(nuint, NativeAllocator, bool, string, int, Type)" path="/exception"/>
    public static SharedHandle Open(nuint byteCount, NativeAllocator? allocator, bool zeroed, string? file, int line, out bool hasArrays)
    {
        hasArrays = allocator is { HasArrays: true };
        return hasArrays ? OpenPart(byteCount, allocator!, zeroed, file, line)
            : SharedHandle.OpenForOwner(byteCount, allocator, zeroed, file, line, typeof(T));
    }

    /// <summary>Gives an owner's block another size, in another array.</summary>
    /// <inheritdoc cref="ExclusiveUse.TryResize(ref OwnedBlock, long, int, bool)" path="/exception"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryResize(ref OwnedBlock block, long length)
    {
        using PinnedArrays.Scope scope = PinnedArrays.Want<T>();
        return block.TryResize(length, Unsafe.SizeOf<T>(), notesLongest: true);
    }

    /// <summary>The array of a block; without elements if there is none, or if the array has elements of another type.</summary>
    /// <safety>The block is borrowed or pinned.</safety>
    public static unsafe OwnerArray<T> Of(Slot* slot)
    {
        // The exact type, because the platform also takes an int[] for a uint[].
        if (Uncached.ArrayOf(slot, out bool isOwn) is not { } array || array.GetType() != typeof(T[]))
        {
            return default;
        }

        var elements = (T[])array;
        nint distance = (nint)slot->Start - (nint)Marshal.UnsafeAddrOfPinnedArrayElement(elements, 0);
        return distance % sizeof(T) == 0 ? new OwnerArray<T>(elements, (int)(distance / sizeof(T)), isOwn) : default;
    }

    /// <summary>Part of an owner's elements, or all, as memory of an array; false after the end, and if there is no array of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the elements.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryMemory(ref OwnedBlock block, long start, int? length, out Memory<T> memory)
    {
        memory = default;
        if (!TryFind(ref block, out OwnerArray<T> array, out int available) || !array.IsOwn)
        {
            return false;
        }

        Layout.ThrowIfOutside(start, length ?? available, available);
        memory = array.From(start).Memory(length ?? available);
        return true;
    }

    /// <summary>Part of an owner's elements, or all, as a segment of an array; false after the end, and if there is no array.</summary>
    public static bool TrySegment(ref OwnedBlock block, long start, int? length, bool hasArrays, out ArraySegment<T> segment)
    {
        segment = default;
        return hasArrays && TryFind(ref block, out OwnerArray<T> array, out int available)
            && (ulong)start <= (ulong)available && (length ?? 0) <= available - start
            && array.From(start).TrySegment(length ?? (available - (int)start), out segment);
    }

    /// <summary>The same array, for the elements from an index of the owner on.</summary>
    public OwnerArray<T> From(long start) => Elements is null ? this : this with { First = First + (int)start };

    /// <summary>The first elements as memory of the array, which must exist.</summary>
    public Memory<T> Memory(int length) => new(Elements, First, length);

    /// <summary>The first elements as a segment of the array; false if there is none.</summary>
    public bool TrySegment(int length, out ArraySegment<T> segment)
    {
        segment = Elements is null ? default : new ArraySegment<T>(Elements, First, length);
        return Elements is not null;
    }

    /// <summary>Looks for the array while the block is borrowed; false after the end, and if there is no array.</summary>
    private static bool TryFind(ref OwnedBlock block, out OwnerArray<T> array, out int length)
    {
        array = default;
        length = 0;
        if (!block.TryBorrowSlow(out BorrowHandle handle))
        {
            return false;
        }

        unsafe
        {
            // SAFETY: the handle borrows the block, so slot, array and length stay until handle.End below.
            array = Of(block.Slot);
            length = array.Elements is null ? 0 : (int)block.BorrowedLength;
        }

        handle.End();
        block.KeepAlive();
        return array.Elements is not null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static SharedHandle OpenPart(nuint byteCount, NativeAllocator allocator, bool zeroed, string? file, int line)
    {
        using PinnedArrays.Scope scope = PinnedArrays.Want<T>();
        return SharedHandle.OpenForOwner(byteCount, allocator, zeroed, file, line, typeof(T));
    }
}
