using NativeBuffers.Arenas;

namespace NativeBuffers;

/// <summary>A time in the life of an arena, whose allocations are given back when it ends.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope, and it cannot leave its arena's: the compiler refuses.
/// While it is open, only it allocates: the arena, or the scope around it, throws. It belongs to the thread that began it.</para>
/// <para>Copies of the struct are names of one scope. Disposing a scope ends those that are open within it.</para>
/// </remarks>
/// <example>
/// <code>
/// using var arena = NativeArena.Create();
/// foreach (string line in lines)
/// {
///     using var scope = arena.BeginScope();
///     Parse(scope.CopyFrom&lt;char&gt;(line));
/// }                                              // as much memory as the longest line took, and no more
/// </code>
/// </example>
public readonly ref struct ArenaScope : IDisposable
{
    private readonly ArenaCursor _cursor;

    internal ArenaScope(ArenaCursor cursor) => _cursor = cursor;

    /// <inheritdoc cref="NativeArena.Allocate{T}(int)"/>
    /// <returns>Aligned for the type, and until the scope ends.</returns>
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

    /// <inheritdoc cref="NativeArena.BeginScope"/>
    [UnscopedRef]
    public ArenaScope BeginScope() => new(ArenaGrowth.BeginScope(_cursor));

    /// <summary>Gives everything back that was allocated from the scope. Once only: a second call, on this value or on any copy, does nothing.</summary>
    public void Dispose() => ArenaGrowth.EndScope(_cursor);
}
