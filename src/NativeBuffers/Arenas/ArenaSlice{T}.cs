namespace NativeBuffers;

/// <summary>The place of elements in a <see cref="NativeArenaOwner"/>: a value that fields and other elements can store.</summary>
/// <remarks>
/// A slice owns nothing, and keeps no memory. <see cref="ArenaBorrow.AsSpan"/> finds the elements. It throws for another arena, and after
/// the arena was reset or disposed. <c>default</c> has no elements. A slice that was read from uninitialized memory finds nothing, or
/// wrong elements of the arena.
/// </remarks>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Slices are not compared.")]
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

    /// <summary>The number of the arena's life, from its creation or a reset to the next reset. No two lives have the same number.</summary>
    internal long Epoch { get; }

    /// <summary>The number of the chunk.</summary>
    internal int Chunk { get; }

    /// <summary>The distance from the start of the chunk, in bytes.</summary>
    internal uint Offset { get; }

    /// <summary>The number of elements.</summary>
    public int Length { get; }
}
