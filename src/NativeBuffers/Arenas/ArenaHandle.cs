using System.Runtime.Intrinsics;
using NativeBuffers.Blocks;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The right to use an arena in one generation. Each public arena struct is one.</summary>
/// <remarks>
/// Bump allocation: an allocation moves a pointer. One comparison per allocation finds a handle that was disposed, through any copy,
/// and a handle with an open inner scope. The state is in the arena and not here, so that copies see each other's allocations.
/// Measured: 0.9 ns for 16 bytes, zeroed. With the state in registers it was no faster.
/// </remarks>
internal readonly ref struct ArenaHandle
{
    /// <summary>Up to this number of bytes, memory is zeroed inline. Above, a call is cheaper.</summary>
    private const int ZeroedInline = 128;

    private readonly ref ArenaGenerations _generations;
    private readonly ulong _generation;
    private readonly unsafe ArenaHeader* _header;

    /// <param name="generations">Readable as long as any copy of the handle exists.</param>
    /// <param name="generation">As long as it is alive, the header may be read.</param>
    /// <param name="header">The arena's.</param>
    /// <param name="chunks">The chunks of a <see cref="NativeArenaOwner"/>; null for a <see cref="NativeArena"/>.</param>
    /// <safety>The header belongs to the arena with these generations, and is valid while the generation is alive.</safety>
    public unsafe ArenaHandle(ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks)
    {
        _generations = ref generations;
        _generation = generation;
        _header = header;
        Chunks = chunks;
    }

    public ref ArenaGenerations Generations => ref _generations;

    public ulong Generation => _generation;

    /// <safety>Valid while <see cref="IsAlive"/> is true.</safety>
    public unsafe ArenaHeader* Header => _header;

    public ArenaChunks? Chunks { get; }

    /// <summary>True for the default value.</summary>
    public bool IsNone => Unsafe.IsNullRef(ref _generations);

    /// <summary>Whether this handle may allocate: its scope is open, and has no open inner scope.</summary>
    public bool IsCurrent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !IsNone && _generations.Current == _generation;
    }

    /// <summary>Whether the arena is in the life in which this handle was made.</summary>
    public bool IsAlive => !IsNone && _generations.IsAlive(_generation);

    /// <summary>Whether this handle is the arena's, and not a scope's, and the arena is alive.</summary>
    public bool IsAliveArena => !IsNone && _generations.IsArena(_generation);

    /// <summary>Whether the program may write to the free memory of the chunk. For a handle that is current.</summary>
    /// <remarks>
    /// An <see cref="ArenaRef{T}"/> from uninitialized memory may find free memory, and the program may keep the result of <see cref="At"/>. So
    /// the checkpoint of the next scope must not go there. In a scope, no reference finds the free memory.
    /// </remarks>
    public bool MayBeWritten
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            unsafe
            {
                // SAFETY: the handle is current, so the header may be read.
                return Chunks is { } chunks && chunks.Pages.HasPositions && _header->Now.Innermost == null;
            }
        }
    }

    /// <summary>The number of bytes that are handed out, with padding; 0 after the arena has ended.</summary>
    public long HandedOut
    {
        get
        {
            unsafe
            {
                // SAFETY: the arena is alive, so the pointer is that of its header.
                return IsAlive ? _header->HandedOut : 0;
            }
        }
    }

    /// <summary>Allocates elements. They are zeroed if the caller asks for it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, or its byte count too large.</exception>
    /// <exception cref="InvalidOperationException">An inner scope is open.</exception>
    /// <exception cref="ObjectDisposedException">The arena, or the scope, was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or the arena's limit is reached.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Allocate<T>(int length, bool zeroed)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the handle is current, so the header may be read. The elements end before the end of the chunk's room, and
            // the slack comes after it. They are valid until the scope or the arena ends.
            ulong byteCount = (ulong)(uint)length * (uint)sizeof(T);
            if (IsCurrent)
            {
                // No chunk has as much room as a negative length asks for, and no sum wraps: sizes are far below 2^63.
                ulong start = Aligned(_header->Now.Next, AlignmentOf<T>.Value);
                ulong end = start + byteCount;
                if (end <= _header->Now.End)
                {
                    _header->Now.Next = end;
                    if (zeroed)
                    {
                        Clear((byte*)start, byteCount);
                    }

                    return Block.View<T>((void*)start, length);
                }
            }

            return Block.View<T>(ArenaSlowPath.Allocate<T>(ref _generations, _generation, _header, Chunks, length, zeroed), length);
        }
    }

    /// <summary>Begins a scope.</summary>
    /// <inheritdoc cref="Allocate{T}" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaHandle BeginScope()
    {
        unsafe
        {
            // SAFETY: the header is that of the arena of these generations. While the generation is current, the arena's first chunk lives, which begins with
            // the header. The words in registers leave this struct out of the frame.
            ulong generation = IsCurrent && !MayBeWritten && ArenaScopes.TryBegin(ref _generations, _header, Chunks is null)
                ? _generations.Current
                : ArenaSlowPath.BeginScope(ref _generations, _generation, _header, Chunks);
            return new ArenaHandle(ref _generations, generation, _header, Chunks);
        }
    }

    /// <summary>Ends the scope of this handle, and its inner scopes. Does nothing if it has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndScope()
    {
        unsafe
        {
            // SAFETY: the handle is current, so the header may be read, and it is a scope's.
            if (!IsCurrent || !ArenaScopes.TryEnd(ref _generations, _header))
            {
                ArenaSlowPath.EndScope(ref _generations, _generation, _header, Chunks);
            }
        }
    }

    /// <summary>Allocates a copy of elements.</summary>
    /// <inheritdoc cref="Allocate{T}" path="/exception"/>
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged
    {
        Span<T> copy = Allocate<T>(source.Length, zeroed: false);
        source.CopyTo(copy);
        return copy;
    }

    /// <summary>Allocates one element with a value.</summary>
    /// <inheritdoc cref="Allocate{T}" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T New<T>(T value)
        where T : unmanaged => ref New(value, hasPosition: false);

    /// <summary>Allocates one element with a value, for a <see cref="NativeArenaOwner"/>, and returns a reference to it.</summary>
    /// <inheritdoc cref="Allocate{T}" path="/exception"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ArenaRef<T> NewRef<T>(T value)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the place is in a chunk of the arena, which does not move.
            nint place = (nint)Unsafe.AsPointer(ref New(value, hasPosition: true));
            ArenaChunks chunks = Chunks!;
            return new ArenaRef<T>(chunks.Pages.PositionOf(place), (uint)chunks.Epoch);
        }
    }

    /// <summary>A slice for elements that were just allocated in a <see cref="NativeArenaOwner"/>.</summary>
    public ArenaSlice<T> SliceOf<T>(Span<T> elements)
        where T : unmanaged => Chunks!.SliceOf(elements);

    /// <summary>The element of a reference.</summary>
    /// <exception cref="ArgumentException">The reference is of another arena, or of another life of this one, or no reference.</exception>
    /// <exception cref="ObjectDisposedException">The borrow has ended.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T At<T>(ArenaRef<T> reference)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the handle is current, so the chunks are valid until the borrow ends, and no scope is open. The element is in the room
            // of one of them, where the arena keeps nothing of its own outside scopes.
            if (IsCurrent && reference.Life == (uint)Chunks!.Epoch && Chunks.Pages.TryFind(reference.Position, sizeof(T), out nint start))
            {
                return ref *(T*)start;
            }

            return ref ArenaSlowPath.At(ref _generations, _generation, Chunks, reference);
        }
    }

    /// <exception cref="InvalidOperationException">An inner scope is open.</exception>
    /// <exception cref="ObjectDisposedException">The arena, or the scope, was disposed.</exception>
    public void ThrowIfNotCurrent()
    {
        if (!IsCurrent)
        {
            unsafe
            {
                // SAFETY: the pointer is compared, and not followed.
                throw IsAliveArena || FindScope() != null ? ThrowHelper.ScopeOpen() : ThrowHelper.Disposed("Arena");
            }
        }
    }

    /// <summary>The next multiple of <paramref name="alignment"/>, which is a power of two.</summary>
    /// <remarks>
    /// The branch is seldom wrong, and then the next address does not wait for two more operations on the last one. Measured for elements of
    /// 16 bytes: 1.17 ns without the branch.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Aligned(ulong address, ulong alignment)
    {
        if ((address & (alignment - 1)) != 0)
        {
            address = (address + (alignment - 1)) & ~(alignment - 1);
        }

        return address;
    }

    /// <param name="value">The element's value.</param>
    /// <param name="hasPosition">A constant: whether the element begins at a multiple of <see cref="ArenaPages.Word"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref T New<T>(T value, bool hasPosition)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the handle is current, so the header may be read. The element ends before the end of the chunk's room, and is valid
            // until the scope or the arena ends.
            if (IsCurrent)
            {
                ulong start = Aligned(_header->Now.Next, hasPosition ? ArenaPages.AlignmentOf<T>() : AlignmentOf<T>.Value);
                ulong end = start + (uint)sizeof(T);
                if (end <= _header->Now.End)
                {
                    _header->Now.Next = end;
                    *(T*)start = value;
                    return ref *(T*)start;
                }
            }

            // The call also stores the value. Otherwise each turn of a loop would store the value to the frame, for the seldom call.
            return ref hasPosition
                ? ref ArenaSlowPath.NewWithPosition(ref _generations, _generation, _header, Chunks, value)
                : ref ArenaSlowPath.New(ref _generations, _generation, _header, Chunks, value);
        }
    }

    /// <summary>Zeroes memory in steps of <see cref="ArenaHeader.Slack"/>, or by a call if it is large.</summary>
    /// <safety>The memory has <paramref name="byteCount"/> bytes and the slack after them, which is never handed out.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Clear(byte* start, ulong byteCount)
    {
        if (byteCount > ZeroedInline)
        {
            new Block(start, (nuint)byteCount).ClearFrom(0);
            return;
        }

        byte* end = start + byteCount;
        do
        {
            Vector256<byte>.Zero.Store(start);
            start += ArenaHeader.Slack;
        }
        while (start < end);
    }

    /// <summary>The checkpoint of this handle's scope; null if the scope has ended.</summary>
    /// <safety>Valid while the scope is open.</safety>
    public unsafe ArenaHeader.Checkpoint* FindScope()
    {
        ArenaHeader.Checkpoint* scope = IsAlive ? _header->Now.Innermost : null;
        while (scope != null && scope->Opened != _generation)
        {
            scope = scope->Before.Innermost;
        }

        return scope;
    }
}
