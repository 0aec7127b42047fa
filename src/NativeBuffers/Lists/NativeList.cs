using NativeBuffers.Buffers;
using NativeBuffers.Lists;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Makes lists, and has their members beyond those of the interfaces.</summary>
public static class NativeList
{
    /// <inheritdoc cref="NativeList{T}(long, NativeAllocator?, string?, int)"/>
    /// <returns>A list that the caller disposes.</returns>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeList<T> Create<T>(
        long capacity = 0, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        where T : unmanaged => new(capacity, allocator, file, line);

    /// <inheritdoc cref="Create{T}(long, NativeAllocator?, string?, int)"/>
    public static NativeList<T> Create<T>(long capacity = 0, NativeAllocator? allocator = null)
        where T : unmanaged => new(capacity, allocator, file: null);

    /// <summary>A list of an owner's elements, in the same block. The owner counts as disposed afterwards.</summary>
    /// <remarks>
    /// Nothing is copied. The list keeps the allocator of the block, and grows with it. It is fastest on the thread that created the owner.
    /// A <see cref="Memory{T}"/> of the owner throws afterwards, except over <see cref="NativeAllocator.PinnedHeap"/>: there, it stays the
    /// memory of the array that the list begins in.
    /// </remarks>
    /// <param name="owner">Unchanged if this throws.</param>
    /// <returns>A list that the caller disposes. Its count is the owner's length.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="owner"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The owner is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static NativeList<T> FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        var list = new NativeList<T>(ref owner.Owned, out bool isTaken);
        SelfCleaningOwner<T>.EndFinalizer(owner);
        return isTaken ? list : throw ThrowHelper.Disposed($"{nameof(NativeMemoryOwner<>)}<{typeof(T).Name}>");
    }

    /// <param name="list">The list.</param>
    /// <typeparam name="T">The type of the elements.</typeparam>
    extension<T>(NativeList<T> list)
        where T : unmanaged
    {
        /// <summary>Removes the last element, and returns it.</summary>
        /// <exception cref="InvalidOperationException">The list is empty.</exception>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public T Pop() => list.TryPop(out T item) ? item : throw ThrowHelper.Empty();

        /// <summary>Removes the last element, and returns it; false if the list is empty.</summary>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryPop(out T item) => ListShortPath.TryPop(list, out item);

        /// <summary>Removes an element, and puts the last one into its place. The elements between them do not move.</summary>
        /// <param name="index">In elements.</param>
        /// <exception cref="ArgumentOutOfRangeException">The index is outside.</exception>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public void RemoveAtSwapBack(long index) => ListSlowPath.RemoveAtSwapBack(list, index);

        /// <summary>Removes all elements that a condition holds for. The elements that stay keep their order.</summary>
        /// <param name="match">The condition. It may read the list, but must not change it. If it throws, the elements before are removed.</param>
        /// <returns>The number of removed elements.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="match"/> is null.</exception>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public long RemoveAll(Predicate<T> match)
        {
            ArgumentNullException.ThrowIfNull(match);
            return ListSlowPath.RemoveAll(list, match);
        }

        /// <summary>The index of the first element that a condition holds for; -1 if there is none.</summary>
        /// <param name="match">The condition. It may read the list, but must not make it grow.</param>
        /// <exception cref="ArgumentNullException"><paramref name="match"/> is null.</exception>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public long FindIndex(Predicate<T> match)
        {
            ArgumentNullException.ThrowIfNull(match);
            using Borrow<T> borrow = list.Core.BorrowElements(list);
            for (long i = 0; i < borrow.Length; i++)
            {
                if (match(borrow[i]))
                {
                    return i;
                }
            }

            return -1;
        }

        /// <summary>Turns the order of all elements around.</summary>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public void Reverse()
        {
            using Borrow<T> borrow = list.Core.BorrowElements(list);
            list.Core.Changed();
            for (long first = 0, last = borrow.Length - 1; first < last; first++, last--)
            {
                (borrow[first], borrow[last]) = (borrow[last], borrow[first]);
            }
        }

        /// <summary>References to all elements, for one <c>foreach</c>: <c>foreach (ref int n in list.References())</c>.</summary>
        /// <returns>It borrows the list until the loop ends: see <see cref="NativeListReferences{T}"/>.</returns>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public NativeListReferences<T> References() => new(list.Borrow());

        /// <summary>Copies all elements to a new array.</summary>
        /// <exception cref="InvalidOperationException">The list has more than <see cref="int.MaxValue"/> elements.</exception>
        /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
        public T[] ToArray()
        {
            using Borrow<T> borrow = list.Core.BorrowElements(list);
            return borrow.Length <= int.MaxValue ? borrow.Span.ToArray() : throw ThrowHelper.TooLongForCount(borrow.Length);
        }
    }
}
