using System.Collections;
using System.Diagnostics;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Lists;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>A list for one scope. It begins in the caller's memory on the stack, and moves to native memory if it needs more.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Neither the list nor spans of it can leave the scope: the compiler refuses. It allocates
/// nothing on the managed heap, and nothing at all while the caller's memory is enough.</para>
/// <para><see cref="Add"/>, <see cref="AddRange"/> and <see cref="EnsureCapacity"/> may move the elements. Do not use spans and references
/// from before such a call. Copies of the struct are aliases until one of them grows or is disposed. After that, the remaining copies
/// throw if their elements are in native memory.</para>
/// <para>So do not pass a list by value or by <c>in</c> to code that adds to it. Do not keep it in a readonly field. The additions
/// would go to a copy, and be lost. Native memory of the copy would stay until the thread ends. A <c>using</c> variable cannot be passed
/// by <c>ref</c>: pass spans, or dispose by <c>try</c> and <c>finally</c>.</para>
/// <para><c>default</c> is a valid empty list. A <c>foreach</c> over the list gives values.</para>
/// </remarks>
/// <example>
/// <code>
/// using var digits = new ScratchList&lt;int&gt;(stackalloc int[64]);
/// for (int rest = number; rest &gt; 0; rest /= 10) digits.Add(rest % 10);
/// Show(digits.AsSpan());
/// using var primes = new ScratchList&lt;int&gt;(stackalloc int[8]) { 2, 3, 5, 7 };
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[DebuggerDisplay("Count = {Count}, Capacity = {Capacity}")]
[DebuggerTypeProxy(typeof(ListDebugView<>))]
[SuppressMessage("Naming", "CA1710", Justification = "It is a list.")]
public ref struct ScratchList<T> : IEnumerable<T>, IDisposable
    where T : unmanaged
{
    // The caller's memory at first, then the block of the handle.
    private Span<T> _places;
    private int _count;

    // The number of the allocation site; 0 in a process without instrumentation. Negative once disposed.
    private int _site;
    private ConfinedHandle _handle;

    /// <summary>An empty list.</summary>
    /// <param name="initial">Memory for the first elements; it stays the caller's. It may be uninitialized.</param>
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

    /// <inheritdoc cref="ScratchList{T}(Span{T}, string?, int)"/>
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

    /// <summary>The number of elements that the list has room for without a move.</summary>
    public readonly int Capacity => _places.Length;

    /// <summary>Whether the list was neither disposed nor left without its memory by a copy.</summary>
    internal readonly bool HasElements => !_handle.IsStale && !IsDisposed;

    private readonly bool IsDisposed => _site < 0;

    /// <summary>Whether the elements are in the caller's memory.</summary>
    public readonly bool IsOnStack => _handle.IsNone;

    /// <summary>An element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside; a disposed list has no elements.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    public readonly ref T this[int index]
    {
        [UnscopedRef]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_count || _handle.IsStale)
            {
                ThrowNoElement(index, _count, _handle.IsStale && !IsDisposed);
            }

            return ref _places[index];
        }
    }

    /// <summary>Adds an element at the end.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted. The list has not changed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        int count = _count;
        Span<T> places = _places;
        if ((uint)count < (uint)places.Length && !_handle.IsStale)
        {
            places[count] = item;
            _count = count + 1;
        }
        else
        {
            // The list is passed by value: after a call by address, the JIT keeps the list in the stack frame, also in its user's loops.
            this = Grown(this, 1);
            _places[count] = item;
            _count = count + 1;
        }
    }

    /// <summary>Adds elements at the end, in their order.</summary>
    /// <param name="items">May be part of this list.</param>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void AddRange(scoped ReadOnlySpan<T> items)
    {
        if (items.Length > _places.Length - _count || _handle.IsStale || IsDisposed)
        {
            if (items.Overlaps(_places))
            {
                // Their block would be freed before they are copied.
                using NativeBuffer<T> copy = NativeBuffer.CreateFrom(items);
                AddRange(copy.AsSpan());
                return;
            }

            this = Grown(this, items.Length);
        }

        items.CopyTo(_places[_count..]);
        _count += items.Length;
    }

    /// <summary>Inserts an element before the one at an index, or at the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative, or above the count.</exception>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Insert(int index, T item)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, _count);
        Add(item);
        _places[index..(_count - 1)].CopyTo(_places[(index + 1)..]);
        _places[index] = item;
    }

    /// <summary>Removes an element. The elements after it move up.</summary>
    /// <inheritdoc cref="this" path="/exception"/>
    public void RemoveAt(int index)
    {
        _ = this[index];
        _places[(index + 1).._count].CopyTo(_places[index..]);
        _count--;
    }

    /// <summary>Removes the last element, and returns it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The list is empty.</exception>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    public T RemoveLast()
    {
        if (!HasElements)
        {
            ThrowDisposed();
        }

        T last = this[_count - 1];
        _count--;
        return last;
    }

    /// <summary>Removes all elements. The capacity stays.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    public void Clear()
    {
        if (!HasElements)
        {
            ThrowDisposed();
        }

        _count = 0;
    }

    /// <summary>Makes room for at least this number of elements. Does nothing if the list has room.</summary>
    /// <param name="capacity">In elements, including those in the list.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void EnsureCapacity(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        if (capacity > _places.Length || _handle.IsStale || IsDisposed)
        {
            this = Grown(this, capacity - _count);
        }
    }

    /// <summary>All elements. The span cannot leave the list's scope. Do not use it after the list grew.</summary>
    /// <exception cref="ObjectDisposedException">The list was disposed, or a copy of it has grown.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> AsSpan()
    {
        if (!HasElements)
        {
            ThrowDisposed();
        }

        return _places[.._count];
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on, for ranges: <c>list[2..5]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the list.</exception>
    /// <inheritdoc cref="AsSpan" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Span<T> Slice(int start, int length) => AsSpan().Slice(start, length);

    /// <summary>Enumerates the present elements by value. Do not go on after the list grew.</summary>
    /// <inheritdoc cref="AsSpan" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly NativeBufferEnumerator<T> GetEnumerator() => new(AsSpan());

    // The interface lets the compiler add the elements of an initializer. Generic code that enumerates a list through it gets a copy.
    readonly IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)AsSpan().ToArray()).GetEnumerator();

    readonly IEnumerator IEnumerable.GetEnumerator() => AsSpan().ToArray().GetEnumerator();

    /// <summary>Frees the native memory, if the list has any. A second call, on this list or on any copy, frees nothing.</summary>
    /// <inheritdoc cref="NativeBuffer{T}.Dispose" path="/remarks"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        _places = default;
        _count = 0;
        _site = -1;
        _handle.Return(typeof(T));
    }

    /// <summary>A list with the same elements, and room for more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ScratchList<T> Grown(ScratchList<T> list, int more)
    {
        if (!list.HasElements)
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
            // SAFETY: the handle is none, or not stale. The new handle belongs to the returned list, and its block has room for the capacity.
            bool wasOnStack = list._handle.IsNone;
            ConfinedHandle handle = wasOnStack
                ? ConfinedHandle.Open(capacity, sizeof(T), AllocationSite.FromId(list._site))
                : list._handle.Resize(list._places.Length, capacity, sizeof(T), zeroed: false);
            Span<T> places = Block.View<T>(handle.Start, capacity);
            if (wasOnStack)
            {
                list._places[..list._count].CopyTo(places);
            }

            list._handle = handle;
            list._places = places;
            return list;
        }
    }

    // Static: after a call by address, the JIT keeps the list in the stack frame, also in its user's loops.
    [DoesNotReturn]
    private static void ThrowNoElement(int index, int count, bool isStale) =>
        throw (isStale ? Disposed() : ThrowHelper.NoElement(nameof(index), index, count));

    [DoesNotReturn]
    private static void ThrowDisposed() => throw Disposed();

    private static ObjectDisposedException Disposed() => ThrowHelper.DisposedOrCopied($"{nameof(ScratchList<>)}<{typeof(T).Name}>");
}
