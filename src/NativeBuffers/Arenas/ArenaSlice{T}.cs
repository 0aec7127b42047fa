namespace NativeBuffers;

/// <summary>Where elements lie in a <see cref="NativeArenaOwner"/>: a value that fields and other elements can store.</summary>
/// <remarks>
/// It owns nothing and keeps nothing. <see cref="ArenaBorrow.AsSpan"/> finds the elements; after the arena was reset or disposed, or in
/// another arena, it throws. <c>default</c> stands for no elements. One that was read from uninitialized memory finds nothing, or other
/// elements of the arena.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Equal is who stands for the same elements; nobody needs to ask.")]
public readonly struct ArenaSlice<T>
    where T : unmanaged
{
    internal ArenaSlice(long epoch, int chunk, uint offset, int length)
    {
        Epoch = epoch;
        Chunk = chunk;
        Offset = offset;
        Length = length;
    }

    /// <summary>The life of an arena, from its creation or a reset to the next reset. No two lives have the same number.</summary>
    internal long Epoch { get; }

    /// <summary>The number of the chunk.</summary>
    internal int Chunk { get; }

    /// <summary>Where in the chunk, in bytes.</summary>
    internal uint Offset { get; }

    /// <summary>The number of elements.</summary>
    public int Length { get; }
}
