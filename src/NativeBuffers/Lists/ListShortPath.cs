using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The members of a list on the thread that is the home of its first block: without a borrow (<see cref="HomeBlock"/>).</summary>
/// <remarks>Each looks the thread up before anything else: then the JIT moves the look-up out of loops.</remarks>
internal static class ListShortPath
{
    /// <param name="list">The list.</param>
    extension<T>(NativeList<T> list)
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Get(long index) => ListShortPath.TryGetHere(list, index, out T item) ? item : ListSlowPath.GetSlowly(list, index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Set(long index, T item)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread) && (ulong)index < (ulong)at.Count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    ((T*)at.Start)[index] = item;
                }

                at.Version++;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.SetSlowly(list, index, item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(T item)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread))
            {
                long count = at.Count;
                if (count < at.Capacity)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the block is longer than the count.
                        ((T*)at.Start)[count] = item;
                    }

                    at.Count = count + 1;
                    at.Version++;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.AddSlowly(list, item);
        }

        /// <summary>All elements. The span does not keep the block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> View()
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread) && at.Count is <= int.MaxValue and var count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the count is at most the block's length.
                    return Block.View<T>(at.Start, (int)count);
                }
            }

            return ListSlowPath.ViewSlowly(list);
        }

        /// <summary>The places after the last element: one at least, and <paramref name="length"/>. The span does not keep the block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> ViewRoom(int length)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread))
            {
                long count = at.Count;
                long room = at.Capacity - count;
                if (room > 0 && (uint)length <= (ulong)room)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the places are inside the block.
                        return Block.View<T>((T*)at.Start + count, (int)long.Min(room, int.MaxValue));
                    }
                }
            }

            return ListSlowPath.ViewRoomSlowly(list, length);
        }

        /// <summary>Adds elements at the end.</summary>
        /// <param name="items">May be part of this list.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddRange(ReadOnlySpan<T> items)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread))
            {
                long count = at.Count;
                if (items.Length <= at.Capacity - count)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the places are inside the block. The copy allows an overlap.
                        items.CopyTo(Block.View<T>((T*)at.Start + count, items.Length));
                    }

                    at.Count = count + items.Length;
                    at.Version++;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.Insert(list, null, items);
        }

        /// <summary>Removes the last element; false if there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryPop(out T item)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread))
            {
                long last = at.Count - 1;
                if (last >= 0)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                        item = ((T*)at.Start)[last];
                    }

                    at.Count = last;
                    at.Version++;
                    GC.KeepAlive(list);
                    return true;
                }
            }

            return ListSlowPath.TryPopSlowly(list, out item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void RemoveAt(long index)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread))
            {
                // If so, it is the last element.
                long last = at.Count - 1;
                if (last >= 0 && index == last)
                {
                    at.Count = last;
                    at.Version++;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.Remove(list, index, 1);
        }

        public void Resize(long length)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread) && length <= at.Count)
            {
                at.Count = length;
                at.Version++;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.ResizeSlowly(list, length);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance(int count)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread) && (uint)count <= (ulong)(at.Capacity - at.Count))
            {
                at.Count += count;
                at.Version++;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.AdvanceSlowly(list, count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryGetHere(long index, out T item)
        {
            nint thread = ThreadCaches.NameOfThisThread;
            ref HomeBlock at = ref list.Core.First;
            if (at.IsHomeOf(thread) && (ulong)index < (ulong)at.Count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    item = ((T*)at.Start)[index];
                }

                GC.KeepAlive(list);
                return true;
            }

            item = default;
            return false;
        }
    }
}
