using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The members of a list that look for an element: without a borrow at home, if no code of the program compares (<see cref="HomeBlock"/>).</summary>
internal static class ListSearch
{
    /// <param name="list">The list.</param>
    extension<T>(NativeList<T> list)
        where T : unmanaged
    {
        public long IndexOf(T item)
        {
            // Other types can have an Equals of the program.
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (typeof(T).IsPrimitive && list.Core.First.IsHome && count <= int.MaxValue)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the count is at most the block's length.
                    int index = Block.View<T>(list.Core.First.Start, (int)count).IndexOf(item, comparer: null);
                    GC.KeepAlive(list);
                    return index;
                }
            }

            return ListSearch.IndexOfSlowly(list, item);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private long IndexOfSlowly(T item)
        {
            using Borrow<T> borrow = list.Core.BorrowElements(list);
            for (long start = 0; start < borrow.Length; start += int.MaxValue)
            {
                int length = (int)long.Min(borrow.Length - start, int.MaxValue);
                int index = borrow.AsSpan(start, length).IndexOf(item, comparer: null);
                if (index >= 0)
                {
                    return start + index;
                }
            }

            return -1;
        }

        /// <summary>The index of an element in a sorted list, or the complement of the index of the first larger element.</summary>
        public long Find(T item, IComparer<T>? comparer)
        {
            // The type's own order is the program's, unless the type is primitive.
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (typeof(T).IsPrimitive && comparer is null && list.Core.First.IsHome)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the count is at most the block's length.
                    long index = Search((T*)list.Core.First.Start, count, item, comparer: null);
                    GC.KeepAlive(list);
                    return index;
                }
            }

            return ListSearch.FindSlowly(list, item, comparer);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private long FindSlowly(T item, IComparer<T>? comparer)
        {
            using Borrow<T> borrow = list.Core.BorrowElements(list);
            try
            {
                unsafe
                {
                    // SAFETY: the borrow keeps the block of borrow.Length elements in its place until the using statement ends it, after the search.
                    return Search((T*)Unsafe.AsPointer(ref borrow.GetPinnableReference()), borrow.Length, item, comparer);
                }
            }
            catch (Exception exception)
            {
                throw ThrowHelper.NotCompared(exception);
            }
        }
    }

    /// <safety>The elements are not freed during the call.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe long Search<T>(T* elements, long count, T item, IComparer<T>? comparer)
        where T : unmanaged
    {
        long low = 0;
        long high = count - 1;
        while (low <= high)
        {
            // Not negative, so a shift halves the difference.
            long middle = low + ((high - low) >> 1);
            T element = elements[middle];
            int order = comparer is null ? Comparer<T>.Default.Compare(element, item) : comparer.Compare(element, item);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }
}
