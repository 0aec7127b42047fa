using System.Diagnostics;
using NativeBuffers.Arenas;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;

namespace NativeBuffers;

/// <summary>Memory for many small allocations, freed all at once. An allocation moves a pointer (bump allocation), and is not freed alone.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope: the compiler refuses. It belongs to the thread
/// that created it, which the language guarantees for a ref struct. An arena that was never disposed is freed when its thread has
/// ended.</para>
/// <para>Copies of the struct are names of one arena: they allocate one after another, and all of them throw after any of them was
/// disposed. Do not use spans after a call of <see cref="Dispose"/> that is not the <c>using</c>'s, because spans cannot check that.</para>
/// <para>Its blocks come from the thread's cache and go back there, so a tiny arena costs little more than a buffer. Blocks double up to
/// 256 KiB. A larger allocation gets a block to itself. <c>default</c> is no arena: its members throw.</para>
/// <para>The idea is that of Hanson's arenas (1990). Scopes are what C programs call <i>temporary memory</i>, or checkpoints.</para>
/// </remarks>
/// <example>
/// <code>
/// using var arena = NativeArena.Create();
/// Span&lt;float&gt; weights = arena.Allocate&lt;float&gt;(100);
/// Span&lt;char&gt; name = arena.CopyFrom&lt;char&gt;("station");
/// </code>
/// </example>
[DebuggerDisplay("AllocatedBytes = {AllocatedBytes}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ArenaDebugView))]
public readonly ref struct NativeArena : IDisposable
{
    /// <summary>The default size of <see cref="Create(int, NativeAllocator?, long)"/>, in bytes.</summary>
    internal const int DefaultInitialBytes = 4096;

    private readonly ArenaHandle _handle;

    private NativeArena(ArenaHandle handle) => _handle = handle;

    /// <summary>For the debugger.</summary>
    internal ArenaHandle Handle => _handle;

    /// <summary>How many bytes are allocated, with the padding between them; 0 once disposed.</summary>
    public long AllocatedBytes => _handle.HandedOut;

    /// <summary>Whether it was disposed, through this value or a copy. False for <c>default</c>.</summary>
    public bool IsDisposed => !_handle.IsNone && !_handle.IsAliveArena;

    /// <summary>An empty arena.</summary>
    /// <param name="initialBytes">The room before it grows, in bytes.</param>
    /// <param name="allocator">The allocator of its blocks; <see cref="NativeAllocator.Default"/> if null.</param>
    /// <param name="byteLimit">The most bytes that may be allocated, with padding, and 56 bytes for each open scope.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An arena that the caller owns: declare it with <c>using</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeArena Create(
        int initialBytes = DefaultInitialBytes,
        NativeAllocator? allocator = null,
        long byteLimit = long.MaxValue,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(byteLimit);
        unsafe
        {
            // SAFETY: the slot belongs to this arena until the arena ends. Its block has room for the header and the slack, and its first
            // words are not used otherwise while it is scoped. Slots are never unmapped.
            nuint byteCount = (nuint)initialBytes + (nuint)(sizeof(ArenaHeader) + ArenaHeader.Slack);
            Slot* slot = AllocatePath.Take(byteCount, allocator, zeroed: false, file, line, typeof(NativeArena), out _);
            ulong generation = slot->Generation.Value;
            ArenaHeader* header = ArenaHeader.Initialize(slot, generation, byteLimit);
            if ((InstrumentationSwitch.IsOn || allocator is not null) && slot->Kind == SlotKind.Foreign)
            {
                header->SiteId = AllocationSite.At(file, line, typeof(NativeArena)).Id;
            }

            ref ArenaGenerations generations = ref *(ArenaGenerations*)slot;
            generations.Begin(generation);
            return new NativeArena(new ArenaHandle(ref generations, generation, header, chunks: null));
        }
    }

    /// <inheritdoc cref="Create(int, NativeAllocator?, long, string?, int)"/>
    public static NativeArena Create(
        int initialBytes = DefaultInitialBytes, NativeAllocator? allocator = null, long byteLimit = long.MaxValue) =>
        Create(initialBytes, allocator, byteLimit, file: null);

    /// <summary>Allocates zeroed elements.</summary>
    /// <param name="length">In elements.</param>
    /// <returns>Elements that are aligned for the type. They are valid until this arena, scope or borrow ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or its byte count too large.</exception>
    /// <exception cref="InvalidOperationException">An inner scope is open: allocate from the innermost one.</exception>
    /// <exception cref="ObjectDisposedException">The arena, scope or borrow was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or the arena's limit is reached.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Allocate<T>(int length)
        where T : unmanaged => _handle.Allocate<T>(length, zeroed: true);

    /// <summary>Allocates uninitialized elements. Write them before you read them.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/param|/returns|/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AllocateUninitialized<T>(int length)
        where T : unmanaged => _handle.Allocate<T>(length, zeroed: false);

    /// <summary>Allocates a copy of <paramref name="source"/>.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/returns|/exception"/>
    [UnscopedRef]
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged => _handle.CopyFrom(source);

    /// <summary>Allocates a copy of a text in UTF-16.</summary>
    /// <param name="text">The text to copy.</param>
    /// <param name="isZeroTerminated">True if a zero must follow the text, for C functions. The result does not have it.</param>
    /// <inheritdoc cref="Allocate{T}(int)" path="/returns|/exception"/>
    [UnscopedRef]
    public Span<char> CopyString(scoped ReadOnlySpan<char> text, bool isZeroTerminated = false) => ArenaText.Copy(_handle, text, isZeroTerminated);

    /// <summary>Allocates a copy of a text in UTF-8. A surrogate without its partner becomes U+FFFD.</summary>
    /// <inheritdoc cref="CopyString" path="/param|/returns|/exception"/>
    [UnscopedRef]
    public Span<byte> CopyUtf8String(scoped ReadOnlySpan<char> text, bool isZeroTerminated = false) =>
        ArenaText.CopyAsUtf8(_handle, text, isZeroTerminated);

    /// <summary>Allocates one element with a value.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T New<T>(T value)
        where T : unmanaged => ref _handle.New(value);

    /// <summary>Begins a scope. Its end frees the memory that was allocated from it. Until then, only the scope allocates.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <inheritdoc cref="New{T}(T)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaScope BeginScope() => new(_handle.BeginScope());

    /// <summary>Frees all memory of the arena, and ends its open scopes. A second call, on this value or on any copy, frees nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        unsafe
        {
            // SAFETY: the handle is current, so the header is valid. The slot belongs to this thread and the arena until it is returned.
            // The call gets the words of the handle.
            if (_handle.IsCurrent && _handle.Header->Now.LastChunk == &_handle.Header->First)
            {
                Slot* slot = _handle.Header->First.Slot;
                _handle.Generations.End(_handle.Header->LastGeneration + ArenaGenerations.Step);
                FreePath.Return(slot, slot->Home);
                return;
            }

            ArenaSlowPath.EndArena(ref _handle.Generations, _handle.Generation, _handle.Header);
        }
    }
}
