using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The state of an arena. Stands at the start of its first block.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ArenaHeader
{
    /// <summary>What is kept free behind <see cref="End"/>, in bytes: small allocations are cleared in steps of so many.</summary>
    public const int Slack = 32;

    /// <summary>The first chunk. Before all else: both begin where the block does.</summary>
    public ArenaChunk First;

    /// <summary>Where the next allocation goes, unless its alignment says farther on. An address.</summary>
    public ulong Next;

    /// <summary>Where the room ends: of the chunk, less the slack, or of what the limit allows. An address.</summary>
    public ulong End;

    /// <summary>How many bytes may be handed out besides those between <see cref="Next"/> and <see cref="End"/>.</summary>
    public long Reserve;

    /// <summary>The most that may be handed out, in bytes.</summary>
    public long Limit;

    /// <summary>The last ticket that was given out.</summary>
    public ulong LastTicket;

    /// <summary>How large the next chunk is to be, in bytes.</summary>
    public nuint NextByteCount;

    /// <summary>The chunk that was added last; not always the one with the room.</summary>
    public unsafe ArenaChunk* Last;

    /// <summary>The innermost scope; null if none is open.</summary>
    public unsafe ArenaMark* Innermost;

    /// <summary>Which line made the arena: the number of its <see cref="AllocationSite"/>, for the chunks to come. Only if the first is a foreign one.</summary>
    public int AllocationSiteId;

    /// <summary>How many bytes are handed out, paddings included.</summary>
    public readonly long HandedOut => Limit - Reserve - (long)(End - Next);

    /// <summary>Makes a fresh block an arena.</summary>
    /// <safety>The header stands at the start of the block, which has room for it and the slack.</safety>
    public static unsafe void Initialize(ArenaHeader* header, Block block, ulong ticket, long limit)
    {
        header->First = default;
        header->Limit = limit;
        header->Reserve = limit;
        header->LastTicket = ticket;
        header->Last = &header->First;
        header->Innermost = null;
        header->NextByteCount = nuint.Clamp(block.ByteCount * 2, ArenaGrowth.SmallestChunk, ArenaGrowth.LargestChunk);
        header->Next = header->End = 0;
        header->Open((ulong)block.Start + (ulong)sizeof(ArenaHeader), (ulong)block.Start + block.ByteCount - Slack);
    }

    /// <summary>Goes on in another place, as far as the limit allows.</summary>
    public void Open(ulong start, ulong end)
    {
        Reserve += (long)(End - Next);
        Next = start;
        End = start + ulong.Min(end - start, (ulong)Reserve);
        Reserve -= (long)(End - Next);
    }

    /// <summary>Takes so many bytes out of what may be handed out; false when there are not so many.</summary>
    public bool TrySpend(ulong byteCount)
    {
        ulong room = End - Next;
        if (byteCount > (ulong)Reserve + room)
        {
            return false;
        }

        // What is left at the end of the chunk counts as well.
        ulong fromRoom = byteCount > (ulong)Reserve ? byteCount - (ulong)Reserve : 0;
        End -= fromRoom;
        Reserve -= (long)(byteCount - fromRoom);
        return true;
    }
}
