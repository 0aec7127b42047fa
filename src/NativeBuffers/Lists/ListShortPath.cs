using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The members of a list on the thread that is the home of its block: without a borrow (<see cref="HomeBlock"/>).</summary>
internal static class ListShortPath
{
    /// <param name="core">The list's.</param>
    extension<T>(ref ListCore<T> core)
        where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Get(long index) => core.TryGetHere(index, out T item) ? item : core.GetSlowly(index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Set(long index, T item)
        {
            HomeBlock at = core.At;
            if (at.IsHome && (ulong)index < (ulong)at.Count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    ((T*)at.Start)[index] = item;
                }

                at.Version++;
                GC.KeepAlive(at);
                return;
            }

            core.SetSlowly(index, item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(T item)
        {
            HomeBlock at = core.At;
            if (at.IsHome)
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
                    GC.KeepAlive(at);
                    return;
                }
            }

            core.AddSlowly(item);
        }

        /// <summary>All elements. The span does not keep the block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> View()
        {
            HomeBlock at = core.At;
            if (at.IsHome && at.Count is <= int.MaxValue and var count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the count is at most the block's length.
                    return Block.View<T>(at.Start, (int)count);
                }
            }

            return core.ViewSlowly();
        }

        /// <summary>The places after the last element: one at least, and <paramref name="length"/>. The span does not keep the block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Span<T> ViewRoom(int length)
        {
            HomeBlock at = core.At;
            if (at.IsHome)
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

            return core.ViewRoomSlowly(length);
        }

        /// <summary>Adds elements at the end.</summary>
        /// <param name="items">May be part of this list.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddRange(ReadOnlySpan<T> items)
        {
            HomeBlock at = core.At;
            if (at.IsHome)
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
                    GC.KeepAlive(at);
                    return;
                }
            }

            core.Insert(null, items);
        }

        /// <summary>Removes the last element; false if there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryPop(out T item)
        {
            HomeBlock at = core.At;
            if (at.IsHome)
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
                    GC.KeepAlive(at);
                    return true;
                }
            }

            return core.TryPopSlowly(out item);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void RemoveAt(long index)
        {
            HomeBlock at = core.At;
            if (at.IsHome)
            {
                // If so, it is the last element.
                long last = at.Count - 1;
                if (last >= 0 && index == last)
                {
                    at.Count = last;
                    at.Version++;
                    return;
                }
            }

            core.Remove(index, 1);
        }

        public void Resize(long length)
        {
            HomeBlock at = core.At;
            if (at.IsHome && length <= at.Count)
            {
                at.Count = length;
                at.Version++;
                return;
            }

            core.ResizeSlowly(length);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance(int count)
        {
            HomeBlock at = core.At;
            if (at.IsHome && (uint)count <= (ulong)(at.Capacity - at.Count))
            {
                at.Count += count;
                at.Version++;
                return;
            }

            core.AdvanceSlowly(count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryGetHere(long index, out T item)
        {
            HomeBlock at = core.At;
            if (at.IsHome && (ulong)index < (ulong)at.Count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    item = ((T*)at.Start)[index];
                }

                GC.KeepAlive(at);
                return true;
            }

            item = default;
            return false;
        }
    }
}
