using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The block of a list that another thread than its home has made grow.</summary>
/// <remarks>
/// The list itself has its first block. The home of that block may write to it, and to its count, at any later time. So the list goes on in an
/// object of its own, and so does each block that is replaced in the same way.
/// </remarks>
internal sealed class LaterBlock : ICleanedOwner
{
    /// <summary>The number of elements.</summary>
    public long Count;

    /// <summary>The block, and its home.</summary>
    public HomeBlock Block;

    private LaterBlock()
    {
    }

    /// <summary>The end of a list: no block, and no home.</summary>
    public static LaterBlock Over { get; } = After(null);

    /// <summary>Whether the list was closed, or handed over.</summary>
    public bool IsOver { get; private init; }

    /// <summary>After the end of a list: its last block if that was a later one, and pinned. The list's members may still end those pins.</summary>
    public LaterBlock? Pinned { get; private init; }

    /// <summary>Takes a block of the default allocator, whose home is this thread.</summary>
    /// <inheritdoc cref="HomeBlock.Open" path="/exception"/>
    public static LaterBlock Create(long capacity, int elementSize, Type type)
    {
        var later = new LaterBlock();
        later.Block.Begin();
        later.Block.Open(later, Layout.ByteCount(capacity, elementSize), elementSize, type);
        return later;
    }

    /// <summary>The end of a list whose block was pinned.</summary>
    public static LaterBlock After(LaterBlock? pinned)
    {
        var over = new LaterBlock { IsOver = true, Pinned = pinned };
        over.Block.BeginOver();
        return over;
    }

    /// <inheritdoc/>
    public bool TryCloseForgotten(Generation opened) => Block.TryCloseForgotten(this, opened);
}
