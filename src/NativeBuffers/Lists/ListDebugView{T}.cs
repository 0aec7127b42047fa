using System.Diagnostics;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Lists;

/// <summary>The elements of a list, for the debugger. It changes no state, and a list that has ended has no elements.</summary>
internal sealed class ListDebugView<T>
    where T : unmanaged
{
    /// <summary>The most elements that a debugger shows.</summary>
    private const int Most = 1 << 20;

    public ListDebugView(NativeList<T> list)
    {
        // A borrow could make the slot a shared one, or take the first block.
        ref HomeBlock block = ref list.Core.At;
        if (block.TryRead(out nint start, out long capacity, out _))
        {
            unsafe
            {
                // SAFETY: the block has this capacity. A debugger stops all threads, so the block stays.
                Elements = Block.View<T>((void*)start, (int)long.Clamp(list.LongCount, 0, long.Min(capacity, Most))).ToArray();
            }
        }

        GC.KeepAlive(list);
    }

    public ListDebugView(ScratchList<T> list)
    {
        if (list.HasElements)
        {
            Elements = list.AsSpan().ToArray();
        }
    }

    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public T[] Elements { get; } = [];
}
