using System.Runtime.ExceptionServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The chunks of a <see cref="NativeArenaOwner"/>, in their order. For the thread that has entered the arena.</summary>
/// <remarks>
/// The slots of the chunks are in the state <see cref="SlotState.Closing"/> from the start. So only this object frees the blocks: neither
/// a cleaner nor the end of a thread does. The arena's own state says whether the blocks are valid, and generations need no check.
/// </remarks>
/// <param name="allocator">The allocator of the blocks; the default one if null.</param>
/// <param name="site">The line that made the arena.</param>
internal sealed class ArenaChunks(NativeAllocator? allocator, AllocationSite site)
{
    private readonly List<nint> _slots = [];
    private ArenaPages _pages = new();

    /// <summary>The arena's header, at the start of the first chunk.</summary>
    /// <safety>Valid as long as the caller has entered the arena.</safety>
    public unsafe ArenaHeader* Header => (ArenaHeader*)First->Start;

    /// <summary>The number of the arena's life, from its creation or a reset to the next reset. No two lives have the same number.</summary>
    public long Epoch { get; private set; }

    /// <summary>The positions of elements.</summary>
    public ref ArenaPages Pages => ref _pages;

    /// <safety>There is a chunk. Its slot is never unmapped.</safety>
    private unsafe Slot* First => (Slot*)_slots[0];

    /// <summary>Begins an empty arena in the first chunk.</summary>
    public void Initialize(ulong generation, long byteLimit, long epoch)
    {
        Epoch = epoch;
        _pages.BeginLife();
        unsafe
        {
            // SAFETY: the caller has entered the arena, and no view of the first block exists. The block has room for the header and
            // the slack, and is valid until the arena is closed.
            _ = ArenaHeader.Initialize(First, generation, byteLimit);
        }
    }

    /// <summary>Adds a block.</summary>
    /// <safety>The slot is never unmapped. Its block has at least <paramref name="byteCount"/> bytes, until this object returns it.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public unsafe Slot* Take(nuint byteCount, bool zeroed)
    {
        // The list grows first, so that a block cannot be lost.
        _ = _slots.EnsureCapacity(_slots.Count + 1);
        NativeAllocator asked = allocator ?? NativeAllocator.Default;
        Slot* slot = AllocatePath.TryTakeFrom(asked, byteCount, zeroed, site);
        if (slot == null)
        {
            throw asked.RefusalOf(byteCount);
        }

        slot->Generation = slot->Generation.With(SlotState.Closing);
        _slots.Add((nint)slot);
        try
        {
            _pages.Add(RoomOf(_slots.Count - 1, out nint roomByteCount), roomByteCount);
        }
        catch
        {
            ReturnLast();
            throw;
        }

        return slot;
    }

    /// <summary>The elements of a slice that belongs to this life of the arena.</summary>
    /// <exception cref="ArgumentException">The arena has not handed out this memory.</exception>
    public Span<T> View<T>(ArenaSlice<T> slice)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the caller has entered the arena, so its chunks are valid. The range is inside its chunk, after the chunk's
            // header, and was handed out. That is checked, because a slice may come from uninitialized memory, or from a torn read.
            Block chunk = ((Slot*)_slots[slice.Chunk])->Block;
            long byteCount = slice.Length * (long)sizeof(T);
            long first = slice.Chunk == 0 ? sizeof(ArenaHeader) : sizeof(ArenaHeader.Chunk);
            Layout.ThrowIfOutside(slice.Offset - first, byteCount, (long)chunk.ByteCount - first);
            ulong start = (ulong)chunk.Start + slice.Offset;
            ulong end = start + (ulong)byteCount;

            // The memory of scopes is refused, because the arena keeps its checkpoints there.
            ArenaHeader.Position outside = Outside;
            return slice.Chunk > outside.LastChunk->Index || (start < outside.End && end > outside.Next)
                ? throw new ArgumentException(ThrowHelper.NotHandedOut, nameof(slice))
                : Block.View<T>((void*)start, slice.Length);
        }
    }

    /// <summary>The element of a reference, also while a scope is open.</summary>
    /// <exception cref="ArgumentException">The reference is of another arena, or of another life of this one, or no reference.</exception>
    public ref T At<T>(ArenaRef<T> reference)
        where T : unmanaged
    {
        if (reference.Life != (uint)Epoch)
        {
            throw new ArgumentException(ThrowHelper.OtherLife, nameof(reference));
        }

        unsafe
        {
            // SAFETY: the caller has entered the arena, so its chunks are valid, and the element is in one of them. It is not in a scope.
            if (!_pages.TryFind(reference.Position, sizeof(T), out nint start) || IsInScope((ulong)start, (ulong)(start + sizeof(T))))
            {
                throw new ArgumentException(ThrowHelper.NotHandedOut, nameof(reference));
            }

            return ref *(T*)start;
        }
    }

    /// <summary>A slice for elements that were just allocated.</summary>
    public ArenaSlice<T> SliceOf<T>(Span<T> elements)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the caller has entered the arena, so its chunks are valid, and the elements are in one of them.
            fixed (T* first = elements)
            {
                ArenaHeader.Chunk* chunk = Header->Now.LastChunk;
                while (first != null && (nuint)((byte*)first - (byte*)chunk) >= chunk->Slot->ByteCount)
                {
                    chunk = chunk->Previous;
                }

                return first == null ? default : new ArenaSlice<T>(Epoch, chunk->Index, (uint)((byte*)first - (byte*)chunk), elements.Length);
            }
        }
    }

    /// <summary>Returns the last block.</summary>
    public void ReturnLast()
    {
        unsafe
        {
            // SAFETY: the slot is never unmapped, and only this object has it. The list drops the slot before its block is freed.
            var slot = (Slot*)_slots[^1];
            _pages.Remove(RoomOf(_slots.Count - 1, out nint roomByteCount), roomByteCount);
            _slots.RemoveAt(_slots.Count - 1);
            FreePath.ReturnClosed(slot, slot->Generation, slot->Home);
        }
    }

    /// <summary>Returns all blocks but the first <paramref name="kept"/>. If an allocator throws, the rest is returned first.</summary>
    /// <param name="kept">How many blocks stay.</param>
    /// <param name="isAbandoned">True if the arena was not disposed. This is noted and counted for each block.</param>
    public void ReturnAfter(int kept, bool isAbandoned = false)
    {
        ExceptionDispatchInfo? thrown = null;
        while (_slots.Count > kept)
        {
            try
            {
                if (isAbandoned)
                {
                    Cleaner.NoteAbandoned();
                }

                ReturnLast();
            }
            catch (Exception exception)
            {
                thrown ??= ExceptionDispatchInfo.Capture(exception);
            }
            finally
            {
                if (isAbandoned)
                {
                    AllocationSite.Forget();
                }
            }
        }

        thrown?.Throw();
    }

    /// <summary>The position before the outermost open scope, or the present one if no scope is open.</summary>
    private ArenaHeader.Position Outside
    {
        get
        {
            unsafe
            {
                // SAFETY: the caller has entered the arena, so the checkpoints of its open scopes are valid.
                ArenaHeader.Position outside = Header->Now;
                while (outside.Innermost != null)
                {
                    outside = outside.Innermost->Before;
                }

                return outside;
            }
        }
    }

    /// <summary>Whether any byte of a range in a chunk belongs to an open scope, which keeps its checkpoint there.</summary>
    private bool IsInScope(ulong start, ulong end)
    {
        unsafe
        {
            // SAFETY: the caller has entered the arena, so its chunks are valid.
            ArenaHeader.Position outside = Outside;
            for (ArenaHeader.Chunk* chunk = Header->Now.LastChunk; chunk != outside.LastChunk; chunk = chunk->Previous)
            {
                if (start - (ulong)chunk < chunk->Slot->ByteCount)
                {
                    return true;
                }
            }

            return Header->Now.Innermost != null && start < outside.End && end > outside.Next;
        }
    }

    /// <summary>The start of the room of a chunk, and its bytes: between the header and the slack.</summary>
    private nint RoomOf(int chunk, out nint byteCount)
    {
        unsafe
        {
            // SAFETY: the slot is never unmapped, and only this object has it.
            var slot = (Slot*)_slots[chunk];
            nint header = chunk == 0 ? sizeof(ArenaHeader) : sizeof(ArenaHeader.Chunk);
            byteCount = (nint)slot->ByteCount - header - ArenaHeader.Slack;
            return (nint)slot->Start + header;
        }
    }
}
