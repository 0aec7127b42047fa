namespace NativeBuffers;

/// <summary>A reference of 8 bytes to one element in a <see cref="NativeArenaOwner"/>: for trees and graphs whose nodes are in the arena.</summary>
/// <remarks>
/// <para>A reference owns nothing, and keeps no memory. <see cref="ArenaBorrow.At"/> finds the element. It throws for <c>default</c>, for
/// another arena, and after the arena was reset or disposed.</para>
/// <para>A reference that was read from uninitialized memory finds nothing, or a wrong element of the arena: never memory outside it. The
/// same holds for a reference from before 2^32 resets of arenas in this process.</para>
/// </remarks>
/// <example>
/// <code>
/// struct Node
/// {
///     public int Key;
///     public ArenaRef&lt;Node&gt; Left, Right;
/// }
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Compare the elements, or their addresses.")]
public readonly struct ArenaRef<T>
    where T : unmanaged
{
    internal ArenaRef(uint position, uint life)
    {
        Position = position;
        Life = life;
    }

    /// <summary>True for <c>default</c>, which refers to nothing.</summary>
    public bool IsDefault => Life == 0;

    /// <summary>Where the element is: see <see cref="Arenas.ArenaPages"/>.</summary>
    internal uint Position { get; }

    /// <summary>The lower half of the number of the arena's life; 0 only in the default value.</summary>
    internal uint Life { get; }
}
