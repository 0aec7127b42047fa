using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The allocations, scopes and ends of an arena that add or free chunks, or that fail.</summary>
internal static class ArenaSlowPath
{
    /// <summary>Allocates when the last chunk has no room, or the handle may not allocate.</summary>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    /// <safety>The result has <paramref name="byteCount"/> bytes, and is valid until the handle's scope ends.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void* Allocate(ArenaHandle handle, nuint byteCount, nuint alignment, bool zeroed)
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

    /// <summary>Begins a scope whose checkpoint needs a chunk, or whose slot has allocations to count.</summary>
    /// <returns>The generation of the scope.</returns>
    /// <inheritdoc cref="ArenaHandle.Allocate{T}" path="/exception"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong BeginScope(ArenaHandle handle)
    {
        handle.ThrowIfNotCurrent();
        unsafe
        {
            // SAFETY: the handle is current, so the header may be read. The checkpoint is allocated with its size, and is valid until the scope ends.
            ArenaHeader* header = handle.Header;
            var checkpoint = new ArenaHeader.Checkpoint
            {
                Before = header->Now,
                Opened = header->LastGeneration + ArenaGenerations.Step,
                OuterGeneration = handle.Generations.Current,
            };
            var scope = (ArenaHeader.Checkpoint*)Allocate(handle, (nuint)sizeof(ArenaHeader.Checkpoint), sizeof(ulong), zeroed: false);
            *scope = checkpoint;
            header->Now.Innermost = scope;
            header->LastGeneration = checkpoint.Opened;
            if (handle.Chunks is null)
            {
                // The current generation is that of the first chunk's slot.
                ThreadCache.Of(header->First.Slot->Home)->Counts.RenumberTo(header->First.Slot, new Generation(checkpoint.Opened));
            }

            return handle.Generations.Current = checkpoint.Opened;
        }
    }

    /// <summary>Ends a handle's scope, and its inner scopes. Does nothing if it has ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EndScope(ArenaHandle handle)
    {
        unsafe
        {
            // SAFETY: the arena is alive if a scope is found, and so is the scope's checkpoint.
            ArenaHeader.Checkpoint* scope = handle.FindScope();
            if (scope != null)
            {
                Rewind(handle, *scope);
            }
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
    public static ref T At<T>(ArenaHandle handle, ArenaRef<T> reference)
        where T : unmanaged
    {
        if (!handle.IsAliveArena)
        {
            throw ThrowHelper.Ended(nameof(ArenaBorrow));
        }

        return ref handle.Chunks!.At(reference);
    }

    /// <summary>Ends a <see cref="NativeArena"/> that has several chunks or an open scope. Does nothing if it has ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EndArena(ArenaHandle handle)
    {
        unsafe
        {
            // SAFETY: the arena is alive, so the header is valid until the slot is returned. The slot belongs to this thread and the arena.
            if (!handle.IsAliveArena)
            {
                return;
            }

            // The life ends first: if an allocator throws, copies of the arena do not use the freed memory.
            ArenaHeader* header = handle.Header;
            Slot* slot = header->First.Slot;
            handle.Generations.End(header->LastGeneration + ArenaGenerations.Step);
            try
            {
                FreeChunks(handle, &header->First);
            }
            finally
            {
                FreePath.Return(slot, slot->Home);
            }
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
