using System.Runtime.Intrinsics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Makes pinned arrays of one element type, and finds the place of a block inside an array.</summary>
/// <remarks>
/// Blocks of <see cref="PinnedHeapAllocator"/> are parts of byte arrays. An owner of another type notes its type for its thread while it
/// asks for a block (<see cref="Want{T}"/>). Layers between the owner and the allocator know only bytes. So the owner's elements can be
/// elements of the array.
/// </remarks>
internal abstract class PinnedArrays
{
    /// <summary>The most arrays that are made to find a place at the right alignment.</summary>
    private const int MostAttempts = 8;

    /// <summary>Arrays of types whose places are farther apart are not made.</summary>
    private const nuint LargestStep = 4096;

    /// <summary>Arrays begin at multiples of this.</summary>
    private const nuint ArrayAlignment = 8;

    [ThreadStatic]
    private static PinnedArrays? t_wanted;

    private PinnedArrays()
    {
    }

    /// <summary>Arrays of bytes.</summary>
    public static PinnedArrays Bytes { get; } = Kind<byte>.Instance;

    /// <summary>Arrays for blocks of more than 2 GiB, which no array of bytes can hold. A block may begin inside an element.</summary>
    public static PinnedArrays Longest { get; } = new Kind<Vector512<byte>>(grid: 1);

    /// <summary>The arrays that the owner on this thread wants.</summary>
    public static PinnedArrays Wanted => t_wanted ?? Bytes;

    /// <summary>Whether an owner of elements asks on this thread, and not other code that asks for bytes.</summary>
    public static bool IsOfOwner => t_wanted is not null;

    private protected abstract nuint ElementSize { get; }

    /// <summary>A block begins at a multiple of this after the first element, and of <see cref="ArrayAlignment"/>.</summary>
    private protected abstract nuint Grid { get; }

    /// <summary>Notes the element type of the next blocks of this thread, until the result is disposed.</summary>
    public static Scope Want<T>()
        where T : unmanaged
    {
        var scope = new Scope(t_wanted);
        t_wanted = Kind<T>.Instance;
        return scope;
    }

    /// <summary>
    /// A new array with room for a block, and for a word before the block. Null if arrays of this type have no place at this alignment, or
    /// would be too long.
    /// </summary>
    /// <param name="byteCount">Of the block.</param>
    /// <param name="alignment">A power of two, in bytes, at least 16.</param>
    /// <param name="zeroed">Whether every byte must be zero.</param>
    /// <param name="start">The address of the block, which stays: the array is pinned.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public Array? TryMake(nuint byteCount, nuint alignment, bool zeroed, out nuint start)
    {
        start = 0;
        nuint grid = Grid * (ArrayAlignment / nuint.Min(Grid & (~Grid + 1), ArrayAlignment));

        // Of the places in one step, one has the alignment, if any.
        nuint common = nuint.Min(grid & (~grid + 1), alignment);
        nuint step = grid * (alignment / common);
        if ((grid > ArrayAlignment && step > LargestStep)
            || !Layout.TryAdd(byteCount, grid + step, out nuint widened)
            || widened / ElementSize >= (nuint)Array.MaxLength)
        {
            return null;
        }

        int length = (int)(widened / ElementSize) + 1;
        List<Array>? misplaced = null;
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (common > ArrayAlignment)
            {
                Shift();
            }

            Array array = Make(length, zeroed);
            start = FindPlace((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0), grid, step, alignment);
            if (start != 0)
            {
                GC.KeepAlive(misplaced);
                return array;
            }

            // The array is kept for a moment, so that the next one lies elsewhere.
            (misplaced ??= []).Add(array);
        }

        return null;
    }

    /// <summary>The first multiple of <paramref name="grid"/> bytes after the first element at the alignment; 0 if there is none.</summary>
    private static nuint FindPlace(nuint first, nuint grid, nuint step, nuint alignment)
    {
        if (grid == ArrayAlignment)
        {
            return (first + grid + alignment - 1) & ~(alignment - 1);
        }

        for (nuint place = grid; place <= step; place += grid)
        {
            if (((first + place) & (alignment - 1)) == 0)
            {
                return first + place;
            }
        }

        return 0;
    }

    private protected abstract Array Make(int length, bool zeroed);

    /// <summary>Arrays begin at multiples of 8. A small array before the next one moves the next one to a multiple of 16, mostly.</summary>
    private static void Shift()
    {
        byte[] probe = GC.AllocateArray<byte>(1, pinned: true);
        if (((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(probe, 0) & 8) != 0)
        {
            GC.KeepAlive(GC.AllocateArray<byte>(0, pinned: true));
        }
    }

    /// <summary>Ends what <see cref="Want{T}"/> began.</summary>
    public readonly ref struct Scope(PinnedArrays? before)
    {
        public void Dispose() => t_wanted = before;
    }

    private sealed class Kind<T>(int grid) : PinnedArrays
        where T : unmanaged
    {
        public static Kind<T> Instance { get; } = new(Unsafe.SizeOf<T>());

        private protected override nuint ElementSize => (nuint)Unsafe.SizeOf<T>();

        private protected override nuint Grid => (nuint)grid;

        private protected override Array Make(int length, bool zeroed) =>
            zeroed ? GC.AllocateArray<T>(length, pinned: true) : GC.AllocateUninitializedArray<T>(length, pinned: true);
    }
}
