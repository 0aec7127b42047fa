using System.Runtime.ExceptionServices;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
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

    /// <summary>The arena's header, at the start of the first chunk.</summary>
    /// <safety>Valid as long as the caller has entered the arena.</safety>
    public unsafe ArenaHeader* Header => (ArenaHeader*)First->Start;

    /// <safety>There is a chunk. Its slot is never unmapped.</safety>
    private unsafe Slot* First => (Slot*)_slots[0];

    /// <summary>Begins an empty arena in the first chunk.</summary>
    public void Initialize(ulong generation, long byteLimit)
    {
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
            ArenaHeader.Position outside = Header->Now;
            while (outside.Innermost != null)
            {
                outside = outside.Innermost->Before;
            }

            return slice.Chunk > outside.LastChunk->Index || (start < outside.End && end > outside.Next)
                ? throw new ArgumentException(ThrowHelper.NotHandedOut, nameof(slice))
                : Block.View<T>((void*)start, slice.Length);
        }
    }

    /// <summary>A slice for elements that were just allocated.</summary>
    public ArenaSlice<T> SliceOf<T>(Span<T> elements, long epoch)
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

                return first == null ? default : new ArenaSlice<T>(epoch, chunk->Index, (uint)((byte*)first - (byte*)chunk), elements.Length);
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
}
