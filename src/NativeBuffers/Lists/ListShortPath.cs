using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The members of a list on the thread that is the home of its first block: without a borrow (<see cref="HomeBlock"/>).</summary>
/// <remarks>
/// <para>Each looks the thread up before any branch: then the JIT moves the look-up out of loops. The count or the home's name is loaded before the
/// look-up, because this load finds null, too. A list in a field would need an instruction of its own for that.</para>
/// <para>No <c>Version++</c>: for that, the JIT computes the address of the field in an instruction of its own.</para>
/// </remarks>
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
            long count = HomeBlock.CountBefore(in list.ElementCount);
            nint thread = ThreadCaches.NameOfThisThread;
            if ((ulong)index < (ulong)count && list.Core.First.IsHomeOf(thread))
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    ((T*)list.Core.First.Start)[index] = item;
                }

                list.Core.First.Version = list.Core.First.Version + 1;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.SetSlowly(list, index, item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(T item)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome)
            {
                if (count < list.Core.First.Capacity)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the block is longer than the count.
                        ((T*)list.Core.First.Start)[count] = item;
                    }

                    list.ElementCount = count + 1;
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
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome && count <= int.MaxValue)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the count is at most the block's length.
                    return Block.View<T>(list.Core.First.Start, (int)count);
                }
            }

            return ListSlowPath.ViewSlowly(list);
        }

        /// <summary>The places after the last element: one at least, and <paramref name="length"/>. The span does not keep the block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> ViewRoom(int length)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome)
            {
                long room = list.Core.First.Capacity - count;
                if (room > 0 && (ulong)length <= (ulong)room)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the places are inside the block.
                        return Block.View<T>((T*)list.Core.First.Start + count, (int)long.Min(room, int.MaxValue));
                    }
                }
            }

            return ListSlowPath.ViewRoomSlowly(list, length);
        }

        /// <summary>The part of a range of places that is inside the block. It may reach past the last element.</summary>
        /// <param name="start">In elements; not negative.</param>
        /// <param name="length">In elements; not negative.</param>
        public Span<T> ViewPlaces(long start, int length)
        {
            if (list.Core.First.IsHome)
            {
                long room = list.Core.First.Capacity - start;
                if (room >= 0)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the places are inside the block.
                        return Block.View<T>((T*)list.Core.First.Start + start, (int)long.Min(room, length));
                    }
                }
            }

            return list.Core.ViewPlaces(list, start, length);
        }

        public void Insert(long index, T item)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome)
            {
                if ((ulong)index <= (ulong)count && count < list.Core.First.Capacity)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the block is longer than the count. The copy allows an overlap.
                        T* place = (T*)list.Core.First.Start + index;
                        long byteCount = (count - index) * sizeof(T);
                        Buffer.MemoryCopy(place, place + 1, byteCount, byteCount);
                        *place = item;
                    }

                    list.ElementCount = count + 1;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.Insert(list, index, new ReadOnlySpan<T>(in item));
        }

        /// <summary>Adds elements at the end.</summary>
        /// <param name="items">May be part of this list.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddRange(ReadOnlySpan<T> items)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome)
            {
                if (items.Length <= list.Core.First.Capacity - count)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the places are inside the block. The copy allows an overlap.
                        items.CopyTo(Block.View<T>((T*)list.Core.First.Start + count, items.Length));
                    }

                    list.ElementCount = count + items.Length;
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
            long last = HomeBlock.CountBefore(in list.ElementCount) - 1;
            if (list.Core.First.IsHome)
            {
                if (last >= 0)
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                        item = ((T*)list.Core.First.Start)[last];
                    }

                    list.Core.First.Version = list.Core.First.Version + 2;
                    list.ElementCount = last;
                    GC.KeepAlive(list);
                    return true;
                }
            }

            return ListSlowPath.TryPopSlowly(list, out item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void RemoveAt(long index)
        {
            long last = HomeBlock.CountBefore(in list.ElementCount) - 1;
            if (list.Core.First.IsHome)
            {
                // If so, it is the last element. The count comes from the count and not from the index, which the processor may have to wait for.
                if (last >= 0 && index == last)
                {
                    list.Core.First.Version = list.Core.First.Version + 2;
                    list.ElementCount = last;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListShortPath.RemoveInside(list, index);
        }

        public void Resize(long length)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome && length <= count)
            {
                list.Core.First.Version = list.Core.First.Version + (count - length) + 1;
                list.ElementCount = length;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.ResizeSlowly(list, length);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance(int count)
        {
            long before = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHome && (ulong)count <= (ulong)(list.Core.First.Capacity - before))
            {
                list.ElementCount = before + count;
                GC.KeepAlive(list);
                return;
            }

            ListSlowPath.AdvanceSlowly(list, count);
        }

        /// <summary>Removes an element, which is not the last one at home.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void RemoveInside(long index)
        {
            long last = HomeBlock.CountBefore(in list.ElementCount) - 1;
            if (list.Core.First.IsHome)
            {
                if ((ulong)index < (ulong)long.Max(last, 0))
                {
                    unsafe
                    {
                        // SAFETY: this thread is the home, and the index is below the last element's, which is inside the block. The copy allows
                        // an overlap.
                        T* place = (T*)list.Core.First.Start + index;
                        long byteCount = (last - index) * sizeof(T);
                        Buffer.MemoryCopy(place + 1, place, byteCount, byteCount);
                    }

                    list.Core.First.Version = list.Core.First.Version + 2;
                    list.ElementCount = last;
                    GC.KeepAlive(list);
                    return;
                }
            }

            ListSlowPath.RemoveAt(list, index);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryGetHere(long index, out T item)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            nint thread = ThreadCaches.NameOfThisThread;
            if ((ulong)index < (ulong)count && list.Core.First.IsHomeOf(thread))
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    item = ((T*)list.Core.First.Start)[index];
                }

                GC.KeepAlive(list);
                return true;
            }

            item = default;
            return false;
        }
    }
}
