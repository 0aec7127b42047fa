using System.Collections;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Lists;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Enumerates a <see cref="NativeList{T}"/> by value.</summary>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Enumerators are not compared.")]
public struct NativeListEnumerator<T> : IEnumerator<T>
    where T : unmanaged
{
    private readonly NativeList<T>? _list;
    private readonly long _stamp;
    private long _index;

    internal NativeListEnumerator(NativeList<T> list)
    {
        _list = list;
        _stamp = list.Core.Stamp(list);
        _index = -1;
    }

    /// <summary>The current element.</summary>
    public T Current { get; private set; }

    readonly object IEnumerator.Current => Current;

    /// <summary>Moves to the next element; false after the last one.</summary>
    /// <exception cref="InvalidOperationException">The list was changed since the enumeration began.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        // The look-up of the thread comes before any branch: then the JIT moves it out of loops.
        nint mine = ThreadCaches.NameOfThisThread;
        NativeList<T>? list = _list;
        long index = _index + 1;
        _index = index;
        if (list is not null)
        {
            long count = HomeBlock.CountBefore(in list.ElementCount);
            if (list.Core.First.IsHomeOf(mine) && list.Core.First.Version + count == _stamp && (ulong)index < (ulong)count)
            {
                unsafe
                {
                    // SAFETY: this thread is the home, and the index is below the count, which is at most the block's length.
                    Current = ((T*)list.Core.First.Start)[index];
                }

                GC.KeepAlive(list);
                return true;
            }
        }

        bool moved = TryGetSlowly(list, _stamp, index, out T item);
        Current = item;
        return moved;
    }

    /// <summary>Moves before the first element.</summary>
    public void Reset() => _index = -1;

    /// <summary>Does nothing.</summary>
    public readonly void Dispose()
    {
    }

    /// <remarks>By values: a call that takes the enumerator by reference would keep its fields in memory.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryGetSlowly(NativeList<T>? list, long stamp, long index, out T item)
    {
        item = default;
        if (list is null)
        {
            // The default value has no list.
            return false;
        }

        bool exists = list.TryGetSlowly(index, out item);
        return list.Core.Stamp(list) == stamp ? exists : throw ThrowHelper.Changed();
    }
}
