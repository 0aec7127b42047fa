using NativeBuffers.Blocks;

namespace NativeBuffers.Arenas;

/// <summary>What a block of an arena begins with.</summary>
internal struct ArenaChunk
{
    /// <summary>The chunk that came before; null for the first.</summary>
    public unsafe ArenaChunk* Previous;

    /// <summary>The block's slot.</summary>
    public unsafe Slot* Slot;

    /// <summary>The number of this chunk, from 0 on.</summary>
    public int Index;
}
