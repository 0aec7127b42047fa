using System.Runtime.Intrinsics;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
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
                ulong start = (_header->Now.Next + (AlignmentOf<T>.Value - 1)) & ~(AlignmentOf<T>.Value - 1);
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

            return Block.View<T>(
                ArenaSlowPath.Allocate(this, Layout.ByteCount(length, sizeof(T)), (nuint)AlignmentOf<T>.Value, zeroed), length);
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
        where T : unmanaged
    {
        ref T place = ref Allocate<T>(1, zeroed: false)[0];
        place = value;
        return ref place;
    }

    /// <summary>Begins a scope.</summary>
    /// <inheritdoc cref="Allocate{T}" path="/exception"/>
    public ArenaHandle BeginScope()
    {
        ThrowIfNotCurrent();
        unsafe
        {
            // SAFETY: the handle is current, so the header may be read. The checkpoint is allocated with its size, and is valid until the scope ends.
            var checkpoint = new ArenaHeader.Checkpoint
            {
                Before = _header->Now,
                Generation = _header->LastGeneration + ArenaGenerations.Step,
                OuterGeneration = _generation,
            };
            var scope = (ArenaHeader.Checkpoint*)ArenaSlowPath.Allocate(this, (nuint)sizeof(ArenaHeader.Checkpoint), sizeof(ulong), zeroed: false);
            *scope = checkpoint;
            _header->Now.Innermost = scope;
            _header->LastGeneration = checkpoint.Generation;
            if (Chunks is null)
            {
                // The current generation is that of the first chunk's slot.
                ThreadCache.Of(_header->First.Slot->Home)->Counts.RenumberTo(_header->First.Slot, new Generation(checkpoint.Generation));
            }

            _generations.Current = checkpoint.Generation;
            return new ArenaHandle(ref _generations, checkpoint.Generation, _header, Chunks);
        }
    }

    /// <summary>Ends the scope of this handle, and its inner scopes. Does nothing if it has ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void EndScope()
    {
        unsafe
        {
            // SAFETY: the arena is alive if a scope is found, and so is the scope's checkpoint.
            ArenaHeader.Checkpoint* scope = FindScope();
            if (scope != null)
            {
                Rewind(*scope);
            }
        }
    }

    /// <summary>Ends all open scopes. The arena is alive.</summary>
    public void EndScopes()
    {
        unsafe
        {
            // SAFETY: the arena is alive, and so are the checkpoints of its open scopes.
            while (_header->Now.Innermost != null)
            {
                Rewind(*_header->Now.Innermost);
            }
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

    /// <summary>Restores the state before a scope began.</summary>
    /// <param name="scope">A copy, because the checkpoint may be in a chunk that is freed here.</param>
    /// <safety>The arena is alive, and the scope is open. Its memory is not used afterwards.</safety>
    private unsafe void Rewind(ArenaHeader.Checkpoint scope)
    {
        ArenaHeader.Chunk* last = _header->Now.LastChunk;
        _header->Now = scope.Before;
        _generations.Current = scope.OuterGeneration;
        _header->Now.LastChunk = last;
        ArenaSlowPath.FreeChunks(this, scope.Before.LastChunk);
    }

    /// <summary>The checkpoint of this handle's scope; null if the scope has ended.</summary>
    /// <safety>Valid while the scope is open.</safety>
    private unsafe ArenaHeader.Checkpoint* FindScope()
    {
        ArenaHeader.Checkpoint* scope = IsAlive ? _header->Now.Innermost : null;
        while (scope != null && scope->Generation != _generation)
        {
            scope = scope->Before.Innermost;
        }

        return scope;
    }
}
