using NativeBuffers.Arenas;

namespace NativeBuffers;

/// <summary>The use of a <see cref="NativeArenaOwner"/> by one thread, until it is disposed. Allocates as <see cref="NativeArena"/> does.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope: the compiler refuses. What was allocated stays in the
/// arena; to find it again in a later borrow, keep an <see cref="ArenaSlice{T}"/>.</para>
/// <para>Copies of the struct are names of one borrow. One that is never disposed keeps the arena until its thread has ended.</para>
/// </remarks>
/// <example>
/// <code>
/// using ArenaBorrow arena = _nodes.Borrow();
/// _children = arena.AllocateSlice&lt;int&gt;(4);
/// arena.AsSpan(_children).Fill(-1);
/// </code>
/// </example>
public readonly ref struct ArenaBorrow : IDisposable
{
    private readonly ArenaCursor _cursor;

    internal ArenaBorrow(ArenaCursor cursor) => _cursor = cursor;

    /// <summary>How many bytes are allocated in the arena, the padding between them included; 0 when the borrow is over.</summary>
    public long AllocatedBytes => _cursor.HandedOut;

    /// <inheritdoc cref="NativeArena.Allocate{T}(int)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Allocate<T>(int length)
        where T : unmanaged => _cursor.Allocate<T>(length, zeroed: true);

    /// <inheritdoc cref="NativeArena.AllocateUninitialized{T}(int)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AllocateUninitialized<T>(int length)
        where T : unmanaged => _cursor.Allocate<T>(length, zeroed: false);

    /// <inheritdoc cref="NativeArena.CopyFrom{T}(ReadOnlySpan{T})"/>
    [UnscopedRef]
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged => _cursor.CopyFrom(source);

    /// <inheritdoc cref="NativeArena.New{T}(T)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T New<T>(T value)
        where T : unmanaged => ref _cursor.New(value);

    /// <summary>Zeroed elements, as a value that outlives the borrow: until the arena is reset or disposed.</summary>
    /// <inheritdoc cref="NativeArena.Allocate{T}(int)" path="/param|/exception"/>
    public ArenaSlice<T> AllocateSlice<T>(int length)
        where T : unmanaged
    {
        Span<T> elements = _cursor.Allocate<T>(length, zeroed: true);
        return _cursor.Owner!.SliceOf(elements);
    }

    /// <summary>The elements that a slice stands for.</summary>
    /// <exception cref="ArgumentException">The slice is of another arena, or from before a reset.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
    [UnscopedRef]
    public Span<T> AsSpan<T>(ArenaSlice<T> slice)
        where T : unmanaged => NativeArenaOwner.View(_cursor, slice);

    /// <inheritdoc cref="NativeArena.BeginScope"/>
    [UnscopedRef]
    public ArenaScope BeginScope() => new(ArenaGrowth.BeginScope(_cursor));

    /// <summary>Ends the borrow, open scopes included. Once only: a second call, on this value or on any copy, does nothing. Frees the arena if it was disposed meanwhile.</summary>
    public void Dispose() => NativeArenaOwner.End(_cursor);
}
