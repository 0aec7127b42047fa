using System.Diagnostics;
using NativeBuffers.Arenas;

namespace NativeBuffers;

/// <summary>A part of the life of an arena. Its end frees the memory that was allocated from it.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope, and it cannot leave its arena's: the compiler refuses.
/// While a scope is open, only the scope allocates. The arena, or the scope around it, throws. A scope belongs to the thread that began it.</para>
/// <para>Copies of the struct are names of one scope. Disposing a scope ends its inner scopes too.</para>
/// </remarks>
/// <example>
/// <code>
/// using var arena = NativeArena.Create();
/// foreach (string line in lines)
/// {
///     using var scope = arena.BeginScope();
///     Parse(scope.CopyFrom&lt;char&gt;(line));
/// }                                              // never more memory than the longest line needs
/// </code>
/// </example>
[DebuggerDisplay("IsOpen = {IsOpen}")]
[DebuggerTypeProxy(typeof(ArenaDebugView))]
public readonly ref struct ArenaScope : IDisposable
{
    private readonly ArenaHandle _handle;

    /// <summary>Whether the scope may allocate: it was not disposed, and no inner scope is open.</summary>
    private bool IsOpen => _handle.IsCurrent;

    internal ArenaScope(ArenaHandle handle) => _handle = handle;

    /// <summary>For the debugger.</summary>
    internal ArenaHandle Handle => _handle;

    /// <inheritdoc cref="NativeArena.Allocate{T}(int)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Allocate<T>(int length)
        where T : unmanaged => _handle.Allocate<T>(length, zeroed: true);

    /// <inheritdoc cref="NativeArena.AllocateUninitialized{T}(int)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AllocateUninitialized<T>(int length)
        where T : unmanaged => _handle.Allocate<T>(length, zeroed: false);

    /// <inheritdoc cref="NativeArena.CopyFrom{T}(ReadOnlySpan{T})"/>
    [UnscopedRef]
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged => _handle.CopyFrom(source);

    /// <inheritdoc cref="NativeArena.CopyString"/>
    [UnscopedRef]
    public Span<char> CopyString(scoped ReadOnlySpan<char> text, bool isZeroTerminated = false) => ArenaText.Copy(_handle, text, isZeroTerminated);

    /// <inheritdoc cref="NativeArena.CopyUtf8String"/>
    [UnscopedRef]
    public Span<byte> CopyUtf8String(scoped ReadOnlySpan<char> text, bool isZeroTerminated = false) =>
        ArenaText.CopyAsUtf8(_handle, text, isZeroTerminated);

    /// <inheritdoc cref="NativeArena.New{T}(T)"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T New<T>(T value)
        where T : unmanaged => ref _handle.New(value);

    /// <inheritdoc cref="NativeArena.BeginScope"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaScope BeginScope() => new(_handle.BeginScope());

    /// <summary>Frees the memory that was allocated from the scope. A second call, on this value or on any copy, does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose() => _handle.EndScope();
}
