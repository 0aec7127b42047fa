using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Arenas;

/// <summary>The state of an arena, at the start of its first chunk.</summary>
/// <remarks>
/// Chunks double up to the largest block that the thread cache keeps. So an arena that grows and rewinds again and again calls no C
/// function. A larger allocation gets a chunk of its own, and the free part of the last chunk stays in use.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ArenaHeader
{
    /// <summary>Bytes after <see cref="Position.End"/> that are not handed out. Small allocations are zeroed in steps of this size.</summary>
    public const int Slack = 32;

    /// <summary>In bytes.</summary>
    public const uint SmallestChunk = 4096;

    /// <summary>In bytes.</summary>
    public const uint LargestChunk = SizeClasses.Largest;

    /// <summary>The first chunk. It is the first field, because the header and the chunk begin where the block begins.</summary>
    public Chunk First;

    public Position Now;

    /// <summary>The most bytes that may be handed out.</summary>
    public long Limit;

    public ulong LastGeneration;

    /// <summary>The size of the next chunk, in bytes.</summary>
    public nuint NextChunkByteCount;

    /// <summary>The number of the <see cref="AllocationSite"/> that made the arena. Set only if the first block is a foreign one.</summary>
    public int SiteId;

    /// <summary>The number of bytes that are handed out, with padding.</summary>
    public readonly long HandedOut => Limit - Now.Reserve - (long)(Now.End - Now.Next);

    /// <summary>Begins an arena in the block of a slot.</summary>
    /// <safety>The block belongs to the arena as long as the header is used, and has room for the header and the slack.</safety>
    public static unsafe ArenaHeader* Initialize(Slot* slot, ulong generation, long limit)
    {
        var header = (ArenaHeader*)slot->Start;
        header->First = default;
        header->First.Slot = slot;
        header->Limit = limit;
        header->LastGeneration = generation;
        header->NextChunkByteCount = nuint.Clamp(slot->ByteCount * 2, SmallestChunk, LargestChunk);
        header->Now.Next = header->Now.End = 0;
        header->Now.Reserve = limit;
        header->Now.LastChunk = &header->First;
        header->Now.Innermost = null;
        header->Now.Continue((ulong)slot->Start + (ulong)sizeof(ArenaHeader), (ulong)slot->Start + slot->ByteCount - Slack);
        return header;
    }

    /// <summary>The header of a chunk, at its start. A chunk is one block of the arena.</summary>
    internal struct Chunk
    {
        /// <summary>The chunk before this one; null for the first.</summary>
        public unsafe Chunk* Previous;

        public unsafe Slot* Slot;

        /// <summary>The number of this chunk, from 0.</summary>
        public int Index;
    }

    /// <summary>Where the next allocation goes. The end of a scope restores the position at its start.</summary>
    internal struct Position
    {
        /// <summary>The address of the next allocation, before it is aligned.</summary>
        public ulong Next;

        /// <summary>The address at which the chunk ends, less the slack; or the address at which the limit is reached.</summary>
        public ulong End;

        /// <summary>The number of bytes that the limit allows besides those between <see cref="Next"/> and <see cref="End"/>.</summary>
        public long Reserve;

        /// <summary>The chunk that was added last. The next allocation may go to an earlier one.</summary>
        public unsafe Chunk* LastChunk;

        /// <summary>The checkpoint of the innermost open scope; null if no scope is open.</summary>
        public unsafe Checkpoint* Innermost;

        /// <summary>The number of bytes that may still be handed out.</summary>
        public readonly ulong Remaining => (ulong)Reserve + (End - Next);

        /// <summary>Continues at another address, as far as the limit allows.</summary>
        public void Continue(ulong start, ulong end)
        {
            Reserve += (long)(End - Next);
            Next = start;
            End = start + ulong.Min(end - start, (ulong)Reserve);
            Reserve -= (long)(End - Next);
        }

        /// <summary>Allocates; null if the chunk or the limit has no room for it.</summary>
        /// <safety>The result has <paramref name="byteCount"/> bytes, and is valid until the scope or the arena ends.</safety>
        public unsafe void* TryBump(nuint byteCount, nuint alignment)
        {
            ulong start = (Next + (alignment - 1)) & ~((ulong)alignment - 1);
            ulong end = start + byteCount;
            if (end < start || end > End)
            {
                return null;
            }

            Next = end;
            return (void*)start;
        }

        /// <summary>Counts an allocation that has a chunk to itself. The limit allows it.</summary>
        public void Spend(ulong byteCount)
        {
            // The reserve goes first, and then the room at the end of the present chunk.
            ulong fromChunk = byteCount > (ulong)Reserve ? byteCount - (ulong)Reserve : 0;
            End -= fromChunk;
            Reserve -= (long)(byteCount - fromChunk);
        }
    }

    /// <summary>The state of an arena before a scope began. It is in the arena, before the scope's first allocation.</summary>
    internal struct Checkpoint
    {
        public Position Before;

        public ulong Opened;

        /// <summary>The generation of the scope around this one, or of the arena.</summary>
        public ulong OuterGeneration;
    }
}
