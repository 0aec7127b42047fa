using System.Buffers;
using System.Collections;
using System.Diagnostics;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Lists;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A list of <typeparamref name="T"/> outside the garbage-collected heap, which grows as elements are added. Its count is 64 bits wide.</summary>
/// <remarks>
/// <para>Dispose it. The memory of a list that was not disposed is freed after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para><b>Views.</b> These members may move the elements, because the list may grow: <see cref="Add"/>, the <c>AddRange</c>s,
/// <see cref="Insert(long, T)"/>, <see cref="GetSpan"/>, <see cref="GetMemory"/>, <see cref="EnsureCapacity"/>, <see cref="Resize"/> and
/// <see cref="TrimExcess"/>. <see cref="Dispose"/> and <see cref="ToOwner"/> take the elements away. A span from <see cref="AsSpan()"/> or
/// <see cref="GetSpan"/> must not be used after any of them, and the span cannot check that. A <see cref="Borrow"/> can: while it lasts,
/// members that would move the elements throw, and a disposed list frees its memory when the borrow ends.</para>
/// <para><b>Threads.</b> As with <see cref="List{T}"/>, only one thread may change a list at a time, and no thread may read the changed
/// parts at the same time. Threads that break this rule may lose or repeat elements, but never touch memory outside of the list. A list
/// with the default allocator is fastest on the thread that created it, until another thread makes it grow.</para>
/// <para><b>Growth</b> doubles the capacity. On Linux, blocks from 32 MiB on grow without a copy, because their pages move.</para>
/// </remarks>
/// <example>
/// <code>
/// using var primes = new NativeList&lt;int&gt; { 2, 3, 5 };
/// primes.AddRange([7, 11]);
/// foreach (ref int p in primes.AsSpan()) p *= p;
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Count = {LongCount}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ListDebugView<>))]
[SuppressMessage("Naming", "CA1710", Justification = "It is a list.")]
public sealed class NativeList<T> : IList<T>, IReadOnlyList<T>, IBufferWriter<T>, IDisposable, ICleanedOwner
    where T : unmanaged
{
    /// <summary>The number of elements, also after another block took the place of the first one: <see cref="HomeBlock.CountBefore"/>.</summary>
    /// <remarks>
    /// A field of the list itself, whose load is the check for null. In a struct inside the list, it made <see cref="Count"/> begin with another check.
    /// The JIT merges two such checks, at the start of a loop and after the loop. Then it leaves the look-up of the thread in the loop.
    /// A reader of the count needs no branch, for the same reason.
    /// </remarks>
    internal long ElementCount;

    // A field and not a property: an access in one step needs no check for null of its own.
    internal ListCore<T> Core;

    /// <summary>An empty list.</summary>
    /// <param name="capacity">The number of elements it has room for, at least.</param>
    /// <param name="allocator">The allocator of its blocks; <see cref="NativeAllocator.Default"/> if null.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public NativeList(long capacity = 0, NativeAllocator? allocator = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        Core.Begin(this, capacity, allocator, file, line);

    /// <inheritdoc cref="NativeList{T}(long, NativeAllocator?, string?, int)"/>
    public NativeList(long capacity = 0, NativeAllocator? allocator = null)
        : this(capacity, allocator, file: null)
    {
    }

    /// <summary>A list with the block of an owner, unless the owner has ended.</summary>
    internal NativeList(ref OwnedBlock from, out bool isTaken) => isTaken = Core.TryBegin(this, ref from);

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long LongCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ElementCount;
    }

    /// <inheritdoc cref="LongCount"/>
    /// <remarks>
    /// LINQ asks for it, even in <c>Any()</c> and <c>Take</c>, and gets an <see cref="InvalidOperationException"/> if the list has more. For
    /// such lists, give LINQ an iterator that uses <c>foreach</c>.
    /// </remarks>
    /// <exception cref="OverflowException">The list has more than <see cref="int.MaxValue"/> elements: use <see cref="LongCount"/>.</exception>
    public int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => checked((int)unchecked((ulong)ElementCount));
    }

    /// <summary>The number of elements that the list has room for without growth; 0 once disposed.</summary>
    public long Capacity => Core.CapacityOrNone;

    /// <summary>Whether the list was disposed, or handed its elements to an owner.</summary>
    public bool IsDisposed => Core.IsOver;

    int ICollection<T>.Count => CountForInterfaces;

    int IReadOnlyCollection<T>.Count => CountForInterfaces;

    bool ICollection<T>.IsReadOnly => false;

    /// <summary>With a message for callers that know no list. <see cref="Count"/> has none, so that loops over it stay short.</summary>
    private int CountForInterfaces =>
        LongCount switch { <= int.MaxValue and var count => (int)count, var count => throw ThrowHelper.TooLongForCount(count) };

    /// <summary>An element by value, because a reference could outlive its block. For loops, use <see cref="AsSpan()"/> or <see cref="Borrow"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => this[(long)index];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => this[(long)index] = value;
    }

    /// <inheritdoc cref="this[int]"/>
    public T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ListShortPath.Get(this, index);
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => ListShortPath.Set(this, index, value);
    }

    /// <summary>Adds an element at the end.</summary>
    /// <exception cref="InvalidOperationException">The list is full, and cannot grow because it is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted. The list has not changed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item) => ListShortPath.Add(this, item);

    /// <summary>Adds elements at the end, in their order.</summary>
    /// <param name="items">May be part of this list.</param>
    /// <inheritdoc cref="Add" path="/exception"/>
    [OverloadResolutionPriority(1)] // C# 13 could not choose for an array.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddRange(ReadOnlySpan<T> items) => ListShortPath.AddRange(this, items);

    /// <summary>Adds elements at the end, in their order.</summary>
    /// <param name="items">May be this list.</param>
    /// <inheritdoc cref="Add" path="/exception"/>
    /// <exception cref="ArgumentNullException"><paramref name="items"/> is null.</exception>
    public void AddRange(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        ListSlowPath.AddAll(this, items);
    }

    /// <summary>Inserts an element before the one at an index, or at the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative, or above the count.</exception>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Insert(long index, T item) => ListShortPath.Insert(this, index, item);

    /// <inheritdoc cref="Insert(long, T)"/>
    public void Insert(int index, T item) => Insert((long)index, item);

    /// <summary>Inserts elements before the one at an index, or at the end.</summary>
    /// <param name="index">In elements.</param>
    /// <param name="items">May be part of this list.</param>
    /// <inheritdoc cref="Insert(long, T)" path="/exception"/>
    public void InsertRange(long index, ReadOnlySpan<T> items) => ListSlowPath.Insert(this, index, items);

    /// <summary>Removes an element. The elements after it move up.</summary>
    /// <inheritdoc cref="this[int]" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RemoveAt(long index) => ListShortPath.RemoveAt(this, index);

    /// <inheritdoc cref="RemoveAt(long)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RemoveAt(int index) => ListShortPath.RemoveAt(this, index);

    /// <summary>Removes elements. The elements after them move up.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the list.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void RemoveRange(long start, long length) => ListSlowPath.Remove(this, start, length);

    /// <summary>Removes the first element that equals <paramref name="item"/>; false if there is none.</summary>
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

    /// <summary>Removes all elements. The capacity stays.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Clear() => ListShortPath.Resize(this, 0);

    /// <summary>Changes the count: removes elements at the end, or adds zeroed ones there.</summary>
    /// <param name="length">In elements.</param>
    /// <inheritdoc cref="EnsureCapacity" path="/exception"/>
    public void Resize(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ListShortPath.Resize(this, length);
    }

    /// <summary>Makes room for exactly this number of elements. Does nothing if the list has room.</summary>
    /// <param name="capacity">In elements, including those in the list.</param>
    /// <returns>The capacity.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The list cannot grow because it is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted. The list has not changed.</exception>
    public long EnsureCapacity(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (capacity > Core.Capacity)
        {
            Core.Reserve(this, capacity);
        }

        return Core.Capacity;
    }

    /// <summary>Gives memory back that the elements do not need.</summary>
    /// <exception cref="InvalidOperationException">The list is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, also for a smaller block to move to.</exception>
    public void TrimExcess() => Core.Reserve(this, 0);

    /// <summary>All elements. Do not use the span after the list grew or was disposed: see the remarks of the type.</summary>
    /// <exception cref="InvalidOperationException">The list has more than <see cref="int.MaxValue"/> elements.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AsSpan() => ListShortPath.View(this);

    /// <summary>A range of elements, also beyond <see cref="int.MaxValue"/>. Do not use the span after the list grew or was disposed.</summary>
    /// <inheritdoc cref="RemoveRange" path="/param|/exception"/>
    public Span<T> AsSpan(long start, int length)
    {
        using ListBorrow<T> borrow = Core.BorrowPlaces(this);
        Layout.ThrowIfOutside(start, length, borrow.Count);
        return borrow.View(start, length);
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on, for ranges: <c>list[2..5]</c>.</summary>
    /// <remarks>Do not use the span after the list grew or was disposed.</remarks>
    /// <inheritdoc cref="RemoveRange" path="/param|/exception"/>
    /// <exception cref="OverflowException">A range in a list of more than <see cref="int.MaxValue"/> elements: use <see cref="AsSpan(long, int)"/>.</exception>
    public Span<T> Slice(int start, int length) => AsSpan(start, length);

    /// <summary>Borrows the elements. They are neither moved nor freed before the borrow is disposed.</summary>
    /// <remarks>While it lasts, elements may be added up to the capacity. An addition beyond the capacity throws.</remarks>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public Borrow<T> Borrow() => Core.Borrow(this);

    /// <summary>All elements, as the platform's type for sequences that are too long for a span.</summary>
    /// <remarks>
    /// It has the present elements. Its memories follow the list when it grows, and throw once it is disposed. Do not use their spans
    /// after the list grew or was disposed.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public ReadOnlySequence<T> AsReadOnlySequence() => ListMemory<T>.Sequence(this, Core.CountIn(this));

    /// <summary>Hands the elements to an owner, whose length is their count. The list counts as disposed afterwards.</summary>
    /// <remarks>The elements are copied only if the list has spare places and its allocator cannot shrink a block in place.</remarks>
    /// <returns>An owner, which the caller disposes.</returns>
    /// <exception cref="InvalidOperationException">The list is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted. The list has not changed.</exception>
    public NativeMemoryOwner<T> ToOwner()
    {
        unsafe
        {
            // SAFETY: the list has handed over its block, and nothing else refers to it. The block has the length that it says.
            var block = Core.HandOver(this);
            block.MarkByAllocator();
            return new NativeMemoryOwner<T>(block);
        }
    }

    /// <summary>The places after the last element, to write to. Afterwards, <see cref="Advance"/> adds the written places to the list.</summary>
    /// <param name="sizeHint">The least number of places; one if 0.</param>
    /// <returns>Uninitialized memory. Do not use the span after the list grew or was disposed.</returns>
    /// <inheritdoc cref="EnsureCapacity" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> GetSpan(int sizeHint = 0) => ListShortPath.ViewRoom(this, sizeHint);

    /// <summary>Like <see cref="GetSpan"/>. The memory follows the list when it grows. While the memory is pinned, the list cannot grow.</summary>
    /// <inheritdoc cref="GetSpan" path="/param|/exception"/>
    public Memory<T> GetMemory(int sizeHint = 0)
    {
        _ = GetSpan(sizeHint);
        long count = Core.CountIn(this);
        return new ListMemory<T>(this, count, (int)long.Min(Core.Capacity - count, int.MaxValue)).Memory;
    }

    /// <summary>Adds the places that were written through <see cref="GetSpan"/> or <see cref="GetMemory"/> to the list.</summary>
    /// <param name="count">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or above the number of places.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int count) => ListShortPath.Advance(this, count);

    /// <summary>Sorts all elements. The comparer may read the list, but must not make it grow.</summary>
    /// <param name="comparer">The type's own order if null.</param>
    /// <exception cref="InvalidOperationException">The list has more than <see cref="int.MaxValue"/> elements, or the comparer threw.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Sort(IComparer<T>? comparer = null)
    {
        using Borrow<T> borrow = Core.BorrowElements(this);
        Core.Changed();
        borrow.Span.Sort(comparer);
    }

    /// <summary>Sorts all elements. The comparison may read the list, but must not make it grow.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="comparison"/> is null.</exception>
    /// <inheritdoc cref="Sort(IComparer{T}?)" path="/exception"/>
    public void Sort(Comparison<T> comparison)
    {
        using Borrow<T> borrow = Core.BorrowElements(this);
        Core.Changed();
        borrow.Span.Sort(comparison);
    }

    /// <summary>Finds an element in a sorted list.</summary>
    /// <param name="item">The element to find.</param>
    /// <param name="comparer">The order that the list is sorted by; the type's own if null.</param>
    /// <returns>The index of the element. If it is not in the list: the complement (<c>~</c>) of the index of the first larger element.</returns>
    /// <exception cref="InvalidOperationException">The comparer threw, or there is none and the type has no order.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long BinarySearch(T item, IComparer<T>? comparer = null) => ListSearch.Find(this, item, comparer);

    /// <summary>The index of the first element that equals <paramref name="item"/>; -1 if there is none.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public long LongIndexOf(T item) => ListSearch.IndexOf(this, item);

    /// <inheritdoc cref="LongIndexOf"/>
    /// <exception cref="OverflowException">The index is above <see cref="int.MaxValue"/>.</exception>
    public int IndexOf(T item) =>
        LongIndexOf(item) switch { <= int.MaxValue and var index => (int)index, var index => throw ThrowHelper.TooFarForIndex(index) };

    /// <summary>Whether an element equals <paramref name="item"/>.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public bool Contains(T item) => LongIndexOf(item) >= 0;

    /// <summary>Copies all elements to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the list.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void CopyTo(Span<T> destination)
    {
        using Borrow<T> borrow = Core.BorrowElements(this);
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
        ArgumentOutOfRangeException.ThrowIfNegative(arrayIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(arrayIndex, array.Length);
        CopyTo(array.AsSpan(arrayIndex));
    }

    /// <summary>Enumerates the elements by value. Throws if the list was changed since the enumeration began.</summary>
    /// <remarks>For speed, and for references, iterate <see cref="AsSpan()"/> or a <see cref="Borrow"/>'s span.</remarks>
    public NativeListEnumerator<T> GetEnumerator() => new(this);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Closes the list, and frees its memory now or when its last borrow or pin ends.</summary>
    /// <remarks>A second call does nothing, on any thread. Never throws.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Dispose() => Core.Close(this); // A call is short enough for the JIT to copy a finally with it (1 ns).

    bool ICleanedOwner.TryCloseForgotten(Generation opened) => Core.First.TryCloseForgotten(this, opened);
}
