using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The members of a list that borrow its block, make it grow, or move elements. <see cref="ListShortPath"/> has the short paths.</summary>
internal static class ListSlowPath
{
    /// <param name="list">The list.</param>
    extension<T>(NativeList<T> list)
        where T : unmanaged
    {
        /// <summary>Gets an element; false if there is none at the index.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        public bool TryGetSlowly(long index, out T item)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            bool exists = (ulong)index < (ulong)borrow.Count;
            item = exists ? borrow.Element(index) : default;
            return exists;
        }

        /// <param name="index">Where the first element goes; null for the end of the list.</param>
        /// <param name="items">May be part of this list.</param>
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Insert(long? index, ReadOnlySpan<T> items)
        {
            while (!ListSlowPath.TryInsert(list, index, items, out bool overlap))
            {
                if (overlap)
                {
                    // They would move, or be overwritten, before they are copied.
                    using NativeBuffer<T> copy = NativeBuffer.CreateFrom(items);
                    ListSlowPath.Insert(list, index, copy.AsSpan());
                    return;
                }

                ListSlowPath.Grow(list, checked(list.Core.CountIn(list) + items.Length));
            }
        }

        public void AddAll(IEnumerable<T> items)
        {
            if (items is NativeList<T> source)
            {
                // The list grows first: it may be its own source, and a borrowed list does not grow.
                ListSlowPath.Grow(list, list.Core.CountIn(list) + source.LongCount);
                using Borrow<T> borrow = source.Core.BorrowElements(source);
                for (long start = 0; start < borrow.Length; start += int.MaxValue)
                {
                    ListShortPath.AddRange(list, borrow.AsSpan(start, (int)long.Min(borrow.Length - start, int.MaxValue)));
                }

                return;
            }

            if (items.TryGetNonEnumeratedCount(out int count))
            {
                ListSlowPath.Grow(list, list.Core.CountIn(list) + count);
            }

            foreach (T item in items)
            {
                ListShortPath.Add(list, item);
            }
        }

        public void Remove(long start, long length)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            Layout.ThrowIfOutside(start, length, borrow.Count);
            borrow.Move(start + length, start);
            borrow.SetCount(borrow.Count - length);
        }

        public void RemoveAt(long index)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            _ = borrow.Element(index);
            borrow.Move(index + 1, index);
            borrow.SetCount(borrow.Count - 1);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public bool TryPopSlowly(out T item)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            bool exists = borrow.Count > 0;
            item = exists ? borrow.Element(borrow.Count - 1) : default;
            if (exists)
            {
                borrow.SetCount(borrow.Count - 1);
            }

            return exists;
        }

        public void RemoveAtSwapBack(long index)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            ref T place = ref borrow.Element(index);
            place = borrow.Element(borrow.Count - 1);
            borrow.SetCount(borrow.Count - 1);
        }

        public long RemoveAll(Predicate<T> match)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            long read = 0;
            long kept = 0;
            try
            {
                for (; read < borrow.Count; read++)
                {
                    T item = borrow.Element(read);
                    if (!match(item))
                    {
                        borrow.Element(kept++) = item;
                    }
                }
            }
            finally
            {
                // After an exception, the elements that were not read stay.
                borrow.Move(read, kept);
                if (read != kept)
                {
                    borrow.SetCount(kept + borrow.Count - read);
                }
            }

            return read - kept;
        }

        /// <summary>Makes room for <paramref name="needed"/> elements, and for twice the old capacity if there is memory for it.</summary>
        public void Grow(long needed)
        {
            long capacity = list.Core.Capacity;
            if (needed <= capacity)
            {
                return;
            }

            // The byte count of the doubled capacity might overflow.
            long doubled = long.Min(capacity * 2, nint.MaxValue / Unsafe.SizeOf<T>());
            for (long wanted = long.Max(doubled, ListCore<T>.LengthOfFirst); ; wanted -= (wanted - needed + 1) / 2)
            {
                bool isTrial = BudgetLevel.SetTrial(BudgetLevel.IsTrial || needed < wanted);
                try
                {
                    list.Core.Reserve(list, long.Max(needed, wanted));
                    return;
                }
                catch (OutOfMemoryException refused) when (needed < wanted)
                {
                    // Half of the growth, and so on. With growth by one element, each addition would come here.
                    AllocatorHooks.NoteRecovery(refused);
                }
                finally
                {
                    _ = BudgetLevel.SetTrial(isTrial);
                }
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void ResizeSlowly(long length)
        {
            if (length > list.Core.Capacity)
            {
                list.Core.Reserve(list, length);
            }

            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            long possible = long.Min(length, borrow.Capacity);
            borrow.Clear(borrow.Count, possible);
            borrow.SetCount(possible);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void AdvanceSlowly(int count)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            ArgumentOutOfRangeException.ThrowIfNegative(count);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(count, borrow.Capacity - borrow.Count);
            borrow.SetCount(borrow.Count + count);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public T GetSlowly(long index)
        {
            LaterBlock? later = list.Core.Later;
            ref HomeBlock at = ref list.Core.Of(later);
            long count = HomeBlock.CountBefore(in ListCore<T>.CountOf(list, later));
            if (at.IsHome && (ulong)index < (ulong)count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    T item = ((T*)at.Start)[index];
                    at.KeepAlive();
                    return item;
                }
            }

            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            return borrow.Element(index);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void SetSlowly(long index, T item)
        {
            LaterBlock? later = list.Core.Later;
            ref HomeBlock at = ref list.Core.Of(later);
            long count = HomeBlock.CountBefore(in ListCore<T>.CountOf(list, later));
            if (at.IsHome && (ulong)index < (ulong)count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    ((T*)at.Start)[index] = item;
                }

                at.Version++;
                return;
            }

            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            borrow.Element(index) = item;
            borrow.NoteChange();
        }

        /// <remarks>Both calls are the last thing it does, so the JIT saves no registers for them.</remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void AddSlowly(T item)
        {
            if (list.Core.First.IsEmpty && list.Core.HasFirst)
            {
                ListSlowPath.AddFirst(list, item);
            }
            else
            {
                ListSlowPath.AddToFull(list, item);
            }
        }

        /// <summary>Adds the first element, in a block that this thread takes if it is the home.</summary>
        /// <remarks>The size is a constant for the JIT, and one look-up of the thread is enough (7 ns of a list of four elements).</remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void AddFirst(T item)
        {
            RetiredBlock.FreeSettled();
            nint thread = ThreadCaches.NameOfThisThread;
            if (list.Core.First.IsHomeOf(thread))
            {
                list.Core.First.Open(list, (nuint)(ListCore<T>.LengthOfFirst * Unsafe.SizeOf<T>()), Unsafe.SizeOf<T>(), typeof(T));
                long count = HomeBlock.CountBefore(in list.ElementCount);
                if (!list.Core.HasFirst)
                {
                    // Another thread was faster, or has disposed the list.
                    _ = list.Core.First.TryClose(list, out _);
                }
                else if (list.Core.First.IsHomeOf(thread) && count < list.Core.First.Capacity)
                {
                    list.Core.First.Append(ref list.ElementCount, count, item);
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.AddToFull(list, item);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void AddToFull(T item)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            LaterBlock? later = list.Core.Later;
            ref HomeBlock at = ref list.Core.Of(later);
            long count = HomeBlock.CountBefore(in ListCore<T>.CountOf(list, later));
            if (at.IsHomeOf(thread) && count >= at.Capacity)
            {
                if (at.IsEmpty)
                {
                    list.Core.TakeFirst(list, ListCore<T>.LengthOfFirst);
                }
                else
                {
                    ListSlowPath.Grow(list, checked(count + 1));
                }

                later = list.Core.Later;
                at = ref list.Core.Of(later);
            }

            // By now this thread is the home, unless another thread uses the list too, or the allocator was chosen.
            count = HomeBlock.CountBefore(in ListCore<T>.CountOf(list, later));
            if (at.IsHomeOf(thread) && count < at.Capacity)
            {
                at.Append(ref ListCore<T>.CountOf(list, later), count, item);
                list.Core.NoteCount(list);
            }
            else
            {
                ListSlowPath.Insert(list, null, new ReadOnlySpan<T>(in item));
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public Span<T> ViewSlowly()
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            return borrow.Count <= int.MaxValue ? borrow.View(0, (int)borrow.Count) : throw ThrowHelper.TooLongForMemory(borrow.Count);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public Span<T> ViewRoomSlowly(int length)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, "sizeHint");
            ListSlowPath.Grow(list, list.Core.CountIn(list) + int.Max(length, 1));
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            return borrow.View(borrow.Count, (int)long.Min(borrow.Capacity - borrow.Count, int.MaxValue));
        }

        private bool TryInsert(long? index, ReadOnlySpan<T> items, out bool overlap)
        {
            using ListBorrow<T> borrow = list.Core.BorrowPlaces(list);
            long at = index ?? borrow.Count;
            ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(index));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(at, borrow.Count, nameof(index));
            overlap = borrow.Overlaps(items);
            if (overlap || items.Length > borrow.Capacity - borrow.Count)
            {
                return false;
            }

            borrow.Move(at, at + items.Length);
            items.CopyTo(borrow.View(at, items.Length));
            borrow.SetCount(borrow.Count + items.Length);
            return true;
        }
    }
}
