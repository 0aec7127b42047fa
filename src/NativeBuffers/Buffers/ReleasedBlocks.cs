using System.Collections.Concurrent;
using System.Diagnostics;

namespace NativeBuffers.Buffers;

/// <summary>The blocks that C frees by calling a function, each with its owner.</summary>
/// <remarks>The address alone finds the owner, because C gives the function nothing else. Two live blocks never have the same address.</remarks>
internal static class ReleasedBlocks
{
    private static readonly ConcurrentDictionary<nint, IDisposable> s_owners = new();

    /// <summary>Keeps an owner until C frees its block.</summary>
    /// <returns>The address of the block.</returns>
    /// <safety>The block is the owner's, and no other code disposes the owner.</safety>
    public static unsafe void* Keep(void* block, IDisposable owner)
    {
        bool isNew = s_owners.TryAdd((nint)block, owner);
        Debug.Assert(isNew, "Two live blocks have one address.");
        return block;
    }

    /// <summary>Frees a block. Any thread calls it, also one of C.</summary>
    /// <safety>The address is not followed, so any is allowed.</safety>
    [UnmanagedCallersOnly]
    public static unsafe void Free(void* block)
    {
        if (s_owners.TryRemove((nint)block, out IDisposable? owner))
        {
            owner.Dispose();
        }
    }
}
