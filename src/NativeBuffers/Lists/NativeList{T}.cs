using System.Buffers;
using System.Collections;
using NativeBuffers.Lists;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A list of <typeparamref name="T"/> outside the garbage-collected heap, which grows as elements are added. Its count is 64 bits wide.</summary>
/// <remarks>
/// <para>Dispose it. Should it be forgotten, its memory is given back after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para><b>Views.</b> Growth may move the elements: so may <see cref="Add"/>, the <c>AddRange</c>s, <see cref="Insert(long, T)"/>,
/// <see cref="GetSpan"/>, <see cref="GetMemory"/>, <see cref="EnsureCapacity"/>, <see cref="Resize"/> and <see cref="TrimExcess"/>;
/// <see cref="Dispose"/> and <see cref="ToOwner"/> take them away. A span from <see cref="AsSpan()"/> or <see cref="GetSpan"/>
/// must not be used after any of these: a span does not know. A <see cref="Borrow"/> does: while one lasts, whatever would move
/// the elements throws, and disposing waits for its end to give the memory back.</para>
/// <para><b>Threads.</b> As with <see cref="List{T}"/>, one thread changes a list at a time; others may read meanwhile only what
/// does not change. Members called at the same time all the same may lose or repeat elements, but never touch memory that is not
/// the list's. The list is fastest on the thread that made it, or, with the default allocator, made it grow last.</para>
/// <para><b>Growth</b> doubles the capacity. Blocks from 32 MiB on grow without being copied, on Linux: their pages move.</para>
/// </remarks>
/// <example>
/// <code>
/// using var primes = new NativeList&lt;int&gt; { 2, 3, 5 };
/// primes.AddRange([7, 11]);
/// foreach (ref int p in primes.AsSpan()) p *= p;
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Naming", "CA1710", Justification = "It is a list, and named after what it is.")]
public sealed class NativeList<T> : IList<T>, IReadOnlyList<T>, IBufferWriter<T>, IDisposable
    where T : unmanaged
{
    private ListCore<T> _core;

    /// <summary>An empty list.</summary>
    /// <param name="capacity">How many elements it has room for, at least.</param>
    /// <param name="allocator">Where its blocks come from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public NativeList(long capacity = 0, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        _core = new ListCore<T>(capacity, allocator, file, line);

    /// <inheritdoc cref="NativeList{T}(long, NativeAllocator?, string?, int)"/>
    public NativeList(long capacity = 0, NativeAllocator? allocator = null)
        : this(capacity, allocator, file: null)
    {
    }

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long LongCount => _core.CountOrNone;

    /// <summary>The number of elements; 0 once disposed.</summary>
    /// <remarks>LINQ calls this member, even in <c>Any()</c>, <c>Take</c> and <c>Last()</c>. For longer lists, give LINQ an iterator that uses <c>foreach</c>.</remarks>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/>: ask for <see cref="LongCount"/>.</exception>
    public int Count => LongCount switch { <= int.MaxValue and var count => (int)count, var count => throw ThrowHelper.TooLongForCount(count) };

    /// <summary>How many elements there is room for without growing; 0 once disposed.</summary>
    public long Capacity => _core.CapacityOrNone;

    /// <summary>Whether it was disposed, or became an owner.</summary>
    public bool IsDisposed => _core.IsOver;

    bool ICollection<T>.IsReadOnly => false;

    /// <summary>An element, by value: a reference could outlive the block it points into. For loops, take <see cref="AsSpan()"/> or <see cref="Borrow"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => this[(long)index];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => this[(long)index] = value;
    }

    /// <summary>An element, by value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _core.Get(index);
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _core.Set(index, value);
    }

    /// <summary>Adds an element behind the others.</summary>
    /// <exception cref="InvalidOperationException">The list is full, and borrowed or pinned: it cannot grow.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item) => _core.Add(item);

    /// <summary>Adds elements behind the others, in their order.</summary>
    /// <param name="items">May be part of this list.</param>
    /// <inheritdoc cref="Add" path="/exception"/>
    [OverloadResolutionPriority(1)] // C# 13 could not choose for an array.
    public void AddRange(ReadOnlySpan<T> items) => _core.Insert(null, items);

    /// <summary>Adds elements behind the others, in their order.</summary>
    /// <param name="items">May be this list.</param>
    /// <inheritdoc cref="Add" path="/exception"/>
    /// <exception cref="ArgumentNullException"><paramref name="items"/> is null.</exception>
    public void AddRange(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        _core.AddAll(items);
    }

    /// <summary>Puts an element before the one at an index, or behind the last.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative, or above the count.</exception>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Insert(long index, T item) => _core.Insert(index, new ReadOnlySpan<T>(in item));

    /// <inheritdoc cref="Insert(long, T)"/>
    public void Insert(int index, T item) => Insert((long)index, item);

    /// <summary>Puts elements before the one at an index, or behind the last.</summary>
    /// <param name="index">In elements.</param>
    /// <param name="items">May be part of this list.</param>
    /// <inheritdoc cref="Insert(long, T)" path="/exception"/>
    public void InsertRange(long index, ReadOnlySpan<T> items) => _core.Insert(index, items);

    /// <summary>Takes an element out; those behind it move up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void RemoveAt(long index) => RemoveRange(index, 1);

    /// <inheritdoc cref="RemoveAt(long)"/>
    public void RemoveAt(int index) => RemoveRange(index, 1);

    /// <summary>Takes elements out; those behind them move up.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the list.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void RemoveRange(long start, long length) => _core.Remove(start, length);

    /// <summary>Takes the first element out that equals <paramref name="item"/>; false when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public bool Remove(T item)
    {
        long index = LongIndexOf(item);
        if (index >= 0)
        {
            RemoveAt(index);
        }

        return index >= 0;
    }

    /// <summary>Takes all elements out. The capacity stays.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Clear() => _core.Resize(0);

    /// <summary>Changes the count: takes elements from the end, or adds zeroed ones there.</summary>
    /// <param name="length">In elements.</param>
    /// <inheritdoc cref="EnsureCapacity" path="/exception"/>
    public void Resize(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _core.Resize(length);
    }

    /// <summary>Makes room for so many elements in all, and no more. Does nothing if there is.</summary>
    /// <param name="capacity">In elements.</param>
    /// <returns>How many there is room for now.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The list is borrowed or pinned: it cannot grow.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    public long EnsureCapacity(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (capacity > _core.Capacity)
        {
            _core.Reserve(capacity);
        }

        return _core.Capacity;
    }

    /// <summary>Gives memory back that is not needed for the elements there are.</summary>
    /// <exception cref="InvalidOperationException">The list is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, and so there is no smaller block to move to.</exception>
    public void TrimExcess() => _core.Reserve(0);

    /// <summary>All elements. The span must not be used after the list grew or was disposed: see the remarks of the type.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan() => _core.View();

    /// <summary>Some elements: also of those beyond <see cref="int.MaxValue"/>. What is said of <see cref="AsSpan()"/> holds.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the list.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public Span<T> AsSpan(long start, int length)
    {
        using ListUse<T> use = _core.Use();
        Layout.ThrowIfOutside(start, length, use.Count);
        return use.View(start, length);
    }

    /// <summary>Borrows the elements there are: they are neither moved nor freed before the result is disposed.</summary>
    /// <remarks>While it lasts, elements may be added as long as there is room for them; what would need more room throws.</remarks>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public Borrow<T> Borrow() => _core.Borrow();

    /// <summary>All elements, as the platform's type for more than a span can have.</summary>
    /// <remarks>
    /// Of the elements there are now. Its memories follow the list when it grows, and throw once it is disposed; their spans
    /// are like those of <see cref="AsSpan()"/>.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public ReadOnlySequence<T> AsReadOnlySequence() => ListSegment<T>.Sequence(this, _core.Count);

    /// <summary>Hands the elements to an owner, whose length is their count. Nothing is copied, unless the list keeps room for more
    /// and its allocator cannot shrink a block in place. The list counts as disposed afterwards.</summary>
    /// <returns>An owner, which the caller disposes.</returns>
    /// <exception cref="InvalidOperationException">The list is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    public NativeMemoryOwner<T> ToOwner()
    {
        unsafe
        {
            // SAFETY: the ownedBlock was this list's, and has as many elements as it says.
            return new NativeMemoryOwner<T>(_core.HandOver());
        }
    }

    /// <summary>Room behind the last element, to write to; <see cref="Advance"/> makes elements of what was written.</summary>
    /// <param name="sizeHint">How many elements there is room for, at least; at least one if 0.</param>
    /// <returns>What is there may be anything. What is said of <see cref="AsSpan()"/> holds.</returns>
    /// <inheritdoc cref="EnsureCapacity" path="/exception"/>
    public Span<T> GetSpan(int sizeHint = 0)
    {
        GrowBy(sizeHint);
        using ListUse<T> use = _core.Use();
        return use.View(use.Count, (int)long.Min(use.Capacity - use.Count, int.MaxValue));
    }

    /// <summary>As <see cref="GetSpan"/>. The memory follows the list when it grows; pinned, it keeps the list from growing.</summary>
    /// <inheritdoc cref="GetSpan" path="/param|/exception"/>
    public Memory<T> GetMemory(int sizeHint = 0)
    {
        GrowBy(sizeHint);
        long count = _core.Count;
        return new ListMemory<T>(this, count, (int)long.Min(_core.Capacity - count, int.MaxValue)).Memory;
    }

    /// <summary>Makes elements of what was written to <see cref="GetSpan"/> or <see cref="GetMemory"/>.</summary>
    /// <param name="count">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or there is not so much room.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Advance(int count) => _core.Advance(count);

    /// <summary>Sorts all elements. The comparer may read the list, and not make it grow.</summary>
    /// <param name="comparer">The type's own order when null.</param>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements, or the comparer threw.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Sort(IComparer<T>? comparer = null)
    {
        using Borrow<T> borrow = Borrow();
        _core.Changed();
        borrow.Span.Sort(comparer);
    }

    /// <summary>Sorts all elements. The comparison may read the list, and not make it grow.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="comparison"/> is null.</exception>
    /// <inheritdoc cref="Sort(IComparer{T}?)" path="/exception"/>
    public void Sort(Comparison<T> comparison)
    {
        using Borrow<T> borrow = Borrow();
        _core.Changed();
        borrow.Span.Sort(comparison);
    }

    /// <summary>Where an element is in a sorted list, or the complement of where it would be.</summary>
    /// <param name="item">What to look for.</param>
    /// <param name="comparer">The order that the list is sorted by; the type's own when null.</param>
    /// <returns>An index; or, when negative, the complement (<c>~</c>) of the index of the first larger element.</returns>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long BinarySearch(T item, IComparer<T>? comparer = null)
    {
        comparer ??= Comparer<T>.Default;
        using Borrow<T> borrow = Borrow();
        long low = 0;
        long high = borrow.Length - 1;
        while (low <= high)
        {
            long middle = low + ((high - low) / 2);
            int order = comparer.Compare(borrow[middle], item);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    /// <summary>Where the first element is that equals <paramref name="item"/>; -1 when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long LongIndexOf(T item)
    {
        using Borrow<T> borrow = Borrow();
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

    /// <summary>As <see cref="LongIndexOf"/>.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OverflowException">The index is above <see cref="int.MaxValue"/>.</exception>
    public int IndexOf(T item) => LongIndexOf(item) switch { <= int.MaxValue and var index => (int)index, var index => throw ThrowHelper.TooFarForIndex(index) };

    /// <summary>Whether an element equals <paramref name="item"/>.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public bool Contains(T item) => LongIndexOf(item) >= 0;

    /// <summary>Copies all elements to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the list.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void CopyTo(Span<T> destination)
    {
        using Borrow<T> borrow = Borrow();
        Span<T> room = borrow.Length <= destination.Length ? destination : throw ThrowHelper.TooShort(nameof(destination), borrow.Length, destination.Length);
        borrow.Span.CopyTo(room);
    }

    /// <summary>Copies all elements to an array.</summary>
    /// <exception cref="ArgumentException">The array has less room.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="array"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The index is not inside the array.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void CopyTo(T[] array, int arrayIndex)
    {
        ArgumentNullException.ThrowIfNull(array);
        CopyTo(array.AsSpan()[arrayIndex..]);
    }

    /// <summary>Goes through the elements by value, and throws when it meets a list that was changed meanwhile.</summary>
    /// <remarks>For speed, and for references, iterate <see cref="AsSpan()"/> or a <see cref="Borrow"/>'s span.</remarks>
    public NativeListEnumerator<T> GetEnumerator() => new(this);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Lets nobody in any more, and gives the memory back: now, or when the last borrow or pin of it ends.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws.</remarks>
    public void Dispose() => _core.Close();

    /// <summary>What changes with the elements.</summary>
    internal (long Count, long Version) Edition => _core.Edition;

    /// <summary>The element at an index; false when there is none.</summary>
    internal bool TryGet(long index, out T item) => _core.TryGet(index, out item);

    /// <summary>As many of the elements' places as there are, from some one on, also behind the count.</summary>
    internal Span<T> ViewPlaces(long start, int length)
    {
        using ListUse<T> use = _core.Use();
        return use.View(long.Min(start, use.Capacity), (int)long.Clamp(use.Capacity - start, 0, length));
    }

    /// <summary>Keeps the block where it is; where some places are.</summary>
    internal MemoryHandle PinPlaces(long start, int length) => _core.PinPlaces(start, length);

    /// <summary>Ends the last pin that still goes on, if any.</summary>
    internal void UnpinLast() => _core.UnpinLast();

    private void GrowBy(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        _core.Grow(_core.Count + int.Max(sizeHint, 1));
    }
}
