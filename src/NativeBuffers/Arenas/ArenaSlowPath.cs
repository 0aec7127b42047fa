using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The allocations, scopes and ends of an arena that add or free chunks, or that fail.</summary>
/// <remarks>
/// The methods that are called from short paths take the words of the handle one by one. A struct of four words would be copied to the
/// caller's frame, and the frame would be zeroed at each call.
/// </remarks>
internal static class ArenaSlowPath
{
    /// <summary>Allocates elements when the last chunk has no room, or the handle may not allocate.</summary>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The words are those of one handle. The result has room for the elements, and is valid until the handle's scope ends.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void* Allocate<T>(
        ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks, int length, bool zeroed)
        where T : unmanaged
    {
        var handle = new ArenaHandle(ref generations, generation, header, chunks);
        return Allocate(handle, Layout.ByteCount(length, sizeof(T)), (nuint)AlignmentOf<T>.Value, zeroed);
    }

    /// <summary>Allocates one element with a value when the last chunk has no room, or the handle may not allocate.</summary>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The words are those of one handle.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe ref T New<T>(ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks, T value)
        where T : unmanaged => ref New(new ArenaHandle(ref generations, generation, header, chunks), value, AlignmentOf<T>.Value);

    /// <summary>As <see cref="New{T}(ref ArenaGenerations, ulong, ArenaHeader*, ArenaChunks?, T)"/>, for an element with a position.</summary>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The words are those of one handle.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe ref T NewWithPosition<T>(
        ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks, T value)
        where T : unmanaged =>
        ref New(new ArenaHandle(ref generations, generation, header, chunks), value, ArenaPages.AlignmentOf<T>());

    private static ref T New<T>(ArenaHandle handle, T value, ulong alignment)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the place has room for one element, until the scope or the arena ends.
            var place = (T*)Allocate(handle, (nuint)sizeof(T), (nuint)alignment, zeroed: false);
            *place = value;
            return ref *place;
        }
    }

    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The result has <paramref name="byteCount"/> bytes, and is valid until the handle's scope ends.</safety>
    private static unsafe void* Allocate(ArenaHandle handle, nuint byteCount, nuint alignment, bool zeroed)
    {
        handle.ThrowIfNotCurrent();
        ArenaHeader* header = handle.Header;

        // An empty allocation fits everywhere, also at an address that is not aligned for it.
        void* start = byteCount == 0 ? (void*)header->Now.Next : header->Now.TryBump(byteCount, alignment);
        if (start == null)
        {
            start = AllocateInNewChunk(handle, byteCount, alignment, ref zeroed);
        }

        if (zeroed)
        {
            new Block(start, byteCount).ClearFrom(0);
        }

        return start;
    }

    /// <summary>Begins a scope whose checkpoint needs a chunk, perhaps of its own, or whose slot has allocations to count.</summary>
    /// <returns>The generation of the scope.</returns>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The words are those of one handle.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe ulong BeginScope(ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks)
    {
        var handle = new ArenaHandle(ref generations, generation, header, chunks);
        handle.ThrowIfNotCurrent();
        var checkpoint = new ArenaHeader.Checkpoint
        {
            Before = header->Now,
            Opened = header->LastGeneration + ArenaGenerations.Step,
            OuterGeneration = generation,
        };
        bool zeroed = false;
        ArenaHeader.Checkpoint* scope;
        if (handle.MayBeWritten)
        {
            nuint nextChunkByteCount = header->NextChunkByteCount;

            // A chunk for a checkpoint does not show that the arena grows.
            scope = (ArenaHeader.Checkpoint*)AllocateInNewChunk(handle, (nuint)sizeof(ArenaHeader.Checkpoint), sizeof(ulong), ref zeroed);
            header->NextChunkByteCount = nextChunkByteCount;
        }
        else
        {
            scope = (ArenaHeader.Checkpoint*)Allocate(handle, (nuint)sizeof(ArenaHeader.Checkpoint), sizeof(ulong), zeroed);
        }

        *scope = checkpoint;
        header->Now.Innermost = scope;
        header->LastGeneration = checkpoint.Opened;
        if (chunks is null)
        {
            // The current generation is that of the first chunk's slot.
            ThreadCache.Of(header->First.Slot->Home)->Counts.RenumberTo(header->First.Slot, new Generation(checkpoint.Opened));
        }

        return generations.Current = checkpoint.Opened;
    }

    /// <summary>Ends a handle's scope, and its inner scopes. Does nothing if it has ended.</summary>
    /// <safety>The words are those of one handle.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void EndScope(ref ArenaGenerations generations, ulong generation, ArenaHeader* header, ArenaChunks? chunks)
    {
        // The arena is alive if a scope is found, and so is the scope's checkpoint.
        var handle = new ArenaHandle(ref generations, generation, header, chunks);
        ArenaHeader.Checkpoint* scope = handle.FindScope();
        if (scope != null)
        {
            Rewind(handle, *scope);
        }
    }

    /// <summary>Ends all open scopes. The arena is alive.</summary>
    public static void EndScopes(ArenaHandle handle)
    {
        unsafe
        {
            // SAFETY: the arena is alive, and so are the checkpoints of its open scopes.
            while (handle.Header->Now.Innermost != null)
            {
                Rewind(handle, *handle.Header->Now.Innermost);
            }
        }
    }

    /// <summary>The element of a reference, if the handle is not current or the reference is wrong.</summary>
    /// <inheritdoc cref="ArenaHandle.At{T}" path="/exception"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ref T At<T>(ref ArenaGenerations generations, ulong generation, ArenaChunks? chunks, ArenaRef<T> reference)
        where T : unmanaged
    {
        if (Unsafe.IsNullRef(ref generations) || !generations.IsArena(generation))
        {
            throw ThrowHelper.Ended(nameof(ArenaBorrow));
        }

        return ref chunks!.At(reference);
    }

    /// <summary>Ends a <see cref="NativeArena"/> that has several chunks or an open scope. Does nothing if it has ended.</summary>
    /// <safety>The words are those of one handle.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void EndArena(ref ArenaGenerations generations, ulong generation, ArenaHeader* header)
    {
        var handle = new ArenaHandle(ref generations, generation, header, chunks: null);
        if (!handle.IsAliveArena)
        {
            return;
        }

        // The arena is alive, so the header is valid until the slot is returned. The slot belongs to this thread and the arena.
        // The life ends first: if an allocator throws, copies of the arena do not use the freed memory.
        Slot* slot = header->First.Slot;
        generations.End(header->LastGeneration + ArenaGenerations.Step);
        try
        {
            FreeChunks(handle, &header->First);
        }
        finally
        {
            FreePath.Return(slot, slot->Home);
        }
    }

    /// <summary>Restores the state before a scope began.</summary>
    /// <param name="handle">Of the arena.</param>
    /// <param name="scope">A copy, because the checkpoint may be in a chunk that is freed here.</param>
    /// <safety>The arena is alive, and the scope is open. Its memory is not used afterwards.</safety>
    private static unsafe void Rewind(ArenaHandle handle, ArenaHeader.Checkpoint scope)
    {
        ArenaHeader* header = handle.Header;
        ArenaHeader.Chunk* last = header->Now.LastChunk;
        header->Now = scope.Before;
        handle.Generations.Current = scope.OuterGeneration;
        header->Now.LastChunk = last;
        FreeChunks(handle, scope.Before.LastChunk);
    }

    /// <summary>Frees the chunks after <paramref name="last"/>.</summary>
    /// <safety>The header is valid, and the memory of those chunks is not used afterwards.</safety>
    public static unsafe void FreeChunks(ArenaHandle handle, ArenaHeader.Chunk* last)
    {
        ArenaHeader* header = handle.Header;
        while (header->Now.LastChunk != last)
        {
            ArenaHeader.Chunk* chunk = header->Now.LastChunk;
            header->Now.LastChunk = chunk->Previous;
            if (handle.Chunks is { } chunks)
            {
                chunks.ReturnLast();
            }
            else
            {
                Slot* slot = chunk->Slot;
                slot->Generation = slot->Generation.Next;
                FreePath.Return(slot, slot->Home);
            }
        }
    }

    /// <param name="handle">It is current.</param>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="alignment">In bytes.</param>
    /// <param name="zeroed">Whether the caller wants zeroes. Afterwards, whether memory must still be cleared.</param>
    /// <inheritdoc cref="Allocate" path="/safety"/>
    private static unsafe void* AllocateInNewChunk(ArenaHandle handle, nuint byteCount, nuint alignment, ref bool zeroed)
    {
        ArenaHeader* header = handle.Header;
        nuint overhead = (nuint)sizeof(ArenaHeader.Chunk) + ArenaHeader.Slack + alignment;
        if (!Layout.TryAdd(byteCount, overhead, out nuint needed))
        {
            throw AllocatorOf(header).RefusalOf(byteCount);
        }

        if (byteCount > header->Now.Remaining)
        {
            throw ThrowHelper.ArenaLimit(header->Limit, byteCount);
        }

        ArenaHeader.Chunk* last = header->Now.LastChunk;
        bool isAlone = needed > header->NextChunkByteCount;

        // A block that the cache does not keep may come from fresh pages, which are zero already.
        bool comesZeroed = zeroed && needed > ArenaHeader.LargestChunk;
        ArenaHeader.Chunk* chunk = AddChunk(handle, isAlone ? needed : header->NextChunkByteCount, comesZeroed);
        zeroed &= !comesZeroed;
        ulong first = (ulong)chunk + (ulong)sizeof(ArenaHeader.Chunk);
        ulong start = (first + (alignment - 1)) & ~((ulong)alignment - 1);
        if (isAlone)
        {
            // The next allocation of this size then fits into an ordinary chunk.
            header->NextChunkByteCount = nuint.Clamp(needed * 2, header->NextChunkByteCount, ArenaHeader.LargestChunk);
            header->Now.Spend(byteCount);
            return (void*)start;
        }

        // The padding counts too, and is known only now.
        if (start - first + byteCount > header->Now.Remaining)
        {
            FreeChunks(handle, last);
            throw ThrowHelper.ArenaLimit(header->Limit, byteCount);
        }

        header->Now.Continue(first, (ulong)chunk + chunk->Slot->ByteCount - ArenaHeader.Slack);
        header->NextChunkByteCount = nuint.Min(header->NextChunkByteCount * 2, ArenaHeader.LargestChunk);
        return header->Now.TryBump(byteCount, alignment);
    }

    /// <safety>The chunk has <paramref name="byteCount"/> bytes, and is valid until the arena frees it.</safety>
    private static unsafe ArenaHeader.Chunk* AddChunk(ArenaHandle handle, nuint byteCount, bool zeroed)
    {
        ArenaHeader* header = handle.Header;
        Slot* slot = handle.Chunks is { } chunks ? chunks.Take(byteCount, zeroed) : TryTake(header, byteCount, zeroed);
        if (slot == null)
        {
            throw AllocatorOf(header).RefusalOf(byteCount);
        }

        ArenaHeader.Chunk* last = header->Now.LastChunk;
        var chunk = (ArenaHeader.Chunk*)slot->Start;
        *chunk = new ArenaHeader.Chunk { Previous = last, Slot = slot, Index = last->Index + 1 };
        header->Now.LastChunk = chunk;
        return chunk;
    }

    /// <safety>The slot belongs to the arena, with a block of at least <paramref name="byteCount"/> bytes, until the arena returns it.</safety>
    private static unsafe Slot* TryTake(ArenaHeader* header, nuint byteCount, bool zeroed)
    {
        // The header has a site only if the first block is a foreign one. In a process without instrumentation, a scope makes the
        // default allocator's block a foreign one too, and then the header's site was perhaps never written.
        NativeAllocator allocator = AllocatorOf(header);
        bool hasSite = header->First.Slot->Kind == SlotKind.Foreign && (InstrumentationSwitch.IsOn || !allocator.Requested.IsDefault);
        return AllocatePath.TryTakeFrom(allocator, byteCount, zeroed, hasSite ? AllocationSite.FromId(header->SiteId) : null);
    }

    /// <safety>The header is valid during the call.</safety>
    private static unsafe NativeAllocator AllocatorOf(ArenaHeader* header) =>
        header->First.Slot->Kind is SlotKind.Foreign or SlotKind.Charged ? Uncached.AllocatorOf(header->First.Slot) : NativeAllocator.Default;
}
