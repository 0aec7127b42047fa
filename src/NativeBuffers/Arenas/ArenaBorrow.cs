using System.Diagnostics;
using NativeBuffers.Arenas;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>The use of a <see cref="NativeArenaOwner"/> by one thread, until it is disposed. It allocates like <see cref="NativeArena"/>.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope: the compiler refuses. The allocated elements stay in the
/// arena. To find them again in a later borrow, keep an <see cref="ArenaSlice{T}"/>.</para>
/// <para>Copies of the struct are names of one borrow. A borrow that is never disposed keeps the arena until its thread has ended.</para>
/// </remarks>
/// <example>
/// <code>
/// using ArenaBorrow arena = _nodes.Borrow();
/// _children = arena.AllocateSlice&lt;int&gt;(4);
/// arena.AsSpan(_children).Fill(-1);
/// </code>
/// </example>
[DebuggerDisplay("AllocatedBytes = {AllocatedBytes}")]
[DebuggerTypeProxy(typeof(ArenaDebugView))]
public readonly ref struct ArenaBorrow : IDisposable
{
    private readonly ArenaHandle _handle;
    private readonly NativeArenaOwner _owner;

    internal ArenaBorrow(ArenaHandle handle, NativeArenaOwner owner)
    {
        _handle = handle;
        _owner = owner;
    }

    /// <summary>For the debugger.</summary>
    internal ArenaHandle Handle => _handle;

    /// <summary>How many bytes are allocated in the arena, with the padding between them; 0 after the borrow has ended.</summary>
    public long AllocatedBytes => _handle.HandedOut;

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

    /// <summary>Allocates one element with a value, and returns a reference that outlives the borrow: until the arena is reset or disposed.</summary>
    /// <remarks>
    /// The reference has 8 bytes, so it fits into other elements of the arena. <see cref="At"/> finds the element. After the first reference, each
    /// scope of the borrow begins in a block of its own.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A scope is open, or the arena has more than 32 GiB.</exception>
    /// <inheritdoc cref="NativeArena.Allocate{T}(int)" path="/exception[3]|/exception[4]"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaRef<T> NewRef<T>(T value)
        where T : unmanaged => _handle.NewRef(value);

    /// <summary>The element of a reference.</summary>
    /// <remarks>Costs a nanosecond or two, and more while a scope is open.</remarks>
    /// <exception cref="ArgumentException">The reference is <c>default</c>, of another arena, or from before a reset.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T At<T>(ArenaRef<T> reference)
        where T : unmanaged => ref _handle.At(reference);

    /// <summary>Allocates zeroed elements, and returns a value that outlives the borrow: until the arena is reset or disposed.</summary>
    /// <inheritdoc cref="NativeArena.Allocate{T}(int)" path="/param|/exception"/>
    public ArenaSlice<T> AllocateSlice<T>(int length)
        where T : unmanaged => _handle.SliceOf(_handle.Allocate<T>(length, zeroed: true));

    /// <summary>The elements of a slice.</summary>
    /// <exception cref="ArgumentException">The slice is of another arena, or from before a reset.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
    [UnscopedRef]
    public Span<T> AsSpan<T>(ArenaSlice<T> slice)
        where T : unmanaged => _handle.IsAliveArena ? _owner.View(slice) : throw ThrowHelper.Ended(nameof(ArenaBorrow));

    /// <inheritdoc cref="NativeArena.BeginScope"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaScope BeginScope() => new(_handle.BeginScope());

    /// <summary>Ends the borrow, and its open scopes. Frees the arena if it was disposed during the borrow.</summary>
    /// <remarks>A second call, on this value or on any copy, does nothing.</remarks>
    public void Dispose()
    {
        if (_handle.IsAliveArena)
        {
            _owner.EndBorrow();
        }
    }
}
