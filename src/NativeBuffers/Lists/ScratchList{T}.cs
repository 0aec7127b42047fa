using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A list for one scope: it begins in memory that the caller has on the stack, and goes on in native memory if that is not enough.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Neither the list nor spans of it can leave the scope: the compiler refuses. It allocates
/// nothing on the managed heap, and nothing at all while the caller's memory is enough.</para>
/// <para>What may make it grow (<see cref="Add"/>, <see cref="AddRange"/>, <see cref="EnsureCapacity"/>) moves the elements: spans and
/// references taken before must not be used afterwards. Copies of the struct are aliases until one of them grows or is disposed;
/// then the others throw, as soon as they have left the stack.</para>
/// <para>So do not pass a list by value or by <c>in</c> to code that adds to it, nor keep it in a readonly field: the additions would go to a copy and be
/// lost. If the copy left the stack, its memory would stay until the thread ends. A <c>using</c> variable cannot be passed by <c>ref</c>; pass spans, or dispose by <c>try</c> and <c>finally</c>.</para>
/// <para><c>default</c> is a valid empty list.</para>
/// </remarks>
/// <example>
/// <code>
/// using var digits = new ScratchList&lt;int&gt;(stackalloc int[64]);
/// for (int rest = number; rest &gt; 0; rest /= 10) digits.Add(rest % 10);
/// Show(digits.AsSpan());
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
public ref struct ScratchList<T> : IDisposable
    where T : unmanaged
{
    // All places there are: the caller's at first, then those of the lease.
    private Span<T> _places;
    private int _count;

    // Which line made the list: the number of its site, where anybody wants to know, or else 0. Below 0 once disposed.
    private int _site;
    private Lease _lease;

    /// <summary>An empty list.</summary>
    /// <param name="initial">Where the first elements go; stays the caller's. What is there now does not matter.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScratchList(Span<T> initial, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        _places = initial;
        if (InstrumentationSwitch.IsOn)
        {
            _site = AllocationSite.At(file, line, typeof(T)).Id;
        }
    }

    /// <summary>An empty list.</summary>
    /// <param name="initial">Where the first elements go; stays the caller's. What is there now does not matter.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScratchList(Span<T> initial)
        : this(initial, file: null)
    {
    }

    /// <summary>The number of elements; 0 once disposed.</summary>
    public readonly int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _count;
    }

    /// <summary>How many elements there is room for without moving.</summary>
    public readonly int Capacity => _places.Length;

    private readonly bool IsDisposed => _site < 0;

    /// <summary>Whether the elements are still in the caller's memory.</summary>
    public readonly bool IsOnStack => _lease.IsNone;

    /// <summary>An element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside; a disposed list has no elements.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    public readonly ref T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_count || _lease.IsStale)
            {
                ThrowNoElement(index, _count, _lease.IsStale && !IsDisposed);
            }

            return ref _places[index];
        }
    }

    /// <summary>Adds an element behind the others.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        int count = _count;
        Span<T> places = _places;
        if ((uint)count < (uint)places.Length && !_lease.IsStale)
        {
            places[count] = item;
            _count = count + 1;
        }
        else
        {
            // By value: a call by address would tie this list, in its caller's loops too, to the stack frame.
            this = Grown(this, 1);
            _places[count] = item;
            _count = count + 1;
        }
    }

    /// <summary>Adds elements behind the others, in their order.</summary>
    /// <param name="items">May be part of this list.</param>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    public void AddRange(scoped ReadOnlySpan<T> items)
    {
        if (items.Length > _places.Length - _count || _lease.IsStale || IsDisposed)
        {
            if (items.Overlaps(_places))
            {
                // They would be given back before they are copied.
                using NativeBuffer<T> copy = NativeBuffer.CreateFrom(items);
                AddRange(copy.AsSpan());
                return;
            }

            this = Grown(this, items.Length);
        }

        items.CopyTo(_places[_count..]);
        _count += items.Length;
    }

    /// <summary>Takes the last element out, and gives it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The list is empty.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public T RemoveLast()
    {
        if (IsDisposed)
        {
            ThrowDisposed();
        }

        T last = this[_count - 1];
        _count--;
        return last;
    }

    /// <summary>Takes all elements out. The room stays.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed.</exception>
    public void Clear()
    {
        if (IsDisposed)
        {
            ThrowDisposed();
        }

        _count = 0;
    }

    /// <summary>Makes room for so many elements in all. Does nothing if there is.</summary>
    /// <param name="capacity">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the list is as it was.</exception>
    public void EnsureCapacity(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (capacity > _places.Length || _lease.IsStale || IsDisposed)
        {
            this = Grown(this, capacity - _count);
        }
    }

    /// <summary>All elements. The span cannot leave the list's scope, and must not be used after the list grew.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan()
    {
        if (_lease.IsStale || IsDisposed)
        {
            ThrowDisposed();
        }

        return _places[.._count];
    }

    /// <summary>Gives the native memory back, if there is any. Once only: a second call, on this list or on any copy, frees nothing.</summary>
    /// <inheritdoc cref="NativeBuffer{T}.Dispose" path="/remarks"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        _places = default;
        _count = 0;
        _site = -1;
        _lease.Return(typeof(T));
    }

    /// <summary>A list with the same elements, and room for more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ScratchList<T> Grown(ScratchList<T> list, int more)
    {
        if (list._lease.IsStale || list.IsDisposed)
        {
            ThrowDisposed();
        }

        long needed = (long)list._count + more;
        if (needed > Array.MaxLength)
        {
            throw NativeAllocator.Default.RefusalOf(Layout.ByteCount(needed, Unsafe.SizeOf<T>()));
        }

        int capacity = (int)long.Max(long.Max(needed, 8), long.Min(2L * list._places.Length, Array.MaxLength));
        unsafe
        {
            // SAFETY: the lease is none, or not stale, and was made for this capacity.
            bool wasOnStack = list._lease.IsNone;
            Lease lease = wasOnStack
                ? Lease.Rent(capacity, sizeof(T), AllocationSite.FromId(list._site))
                : list._lease.Resize(list._places.Length, capacity, sizeof(T), zeroed: false);
            Span<T> places = lease.View<T>(capacity);
            if (wasOnStack)
            {
                list._places[..list._count].CopyTo(places);
            }

            list._lease = lease;
            list._places = places;
            return list;
        }
    }

    // Static: a call by address would tie the list, in its user's loops too, to the stack frame.
    [DoesNotReturn]
    private static void ThrowNoElement(int index, int count, bool isStale) =>
        throw (isStale ? Disposed() : ThrowHelper.NoElement(nameof(index), index, count));

    [DoesNotReturn]
    private static void ThrowDisposed() => throw Disposed();

    private static ObjectDisposedException Disposed() => ThrowHelper.DisposedOrCopied($"{nameof(ScratchList<>)}<{typeof(T).Name}>");
}
