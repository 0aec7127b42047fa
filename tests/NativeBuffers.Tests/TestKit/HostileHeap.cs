using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>C functions that return the addresses a test sets, and count the blocks they get back. One test at a time.</summary>
internal static class HostileHeap
{
    /// <summary>The live blocks: the first byte of each, and of its memory.</summary>
    private static readonly ConcurrentDictionary<nint, nint> s_live = new();

    private static int s_mistakes;

    /// <summary>How far from an aligned address <c>allocate</c> returns its blocks.</summary>
    public static nint AllocateOffset { get; set; }

    /// <summary>The same of <c>resize</c>.</summary>
    public static nint ResizeOffset { get; set; }

    /// <summary><c>allocate</c> returns this address instead of a block.</summary>
    public static nint? AllocateResult { get; set; }

    /// <summary><c>resize</c> returns this address instead of a block; the old block stays.</summary>
    public static nint? ResizeResult { get; set; }

    public static int LiveBlocks => s_live.Count;

    /// <summary>How often <c>free</c> or <c>resize</c> was given no block.</summary>
    public static int Mistakes => Volatile.Read(ref s_mistakes);

    /// <summary>An allocator over the functions, which are well-behaved at first.</summary>
    public static unsafe NativeAllocator Open(bool canResize = true)
    {
        s_live.Clear();
        s_mistakes = 0;
        AllocateOffset = ResizeOffset = 0;
        AllocateResult = ResizeResult = null;
        return NativeAllocator.FromFunctions("hostile", &Allocate, canResize ? &Resize : null, &Free);
    }

    /// <summary>One of the blocks.</summary>
    public static nint AnyBlock => s_live.Keys.First();

    [UnmanagedCallersOnly]
    private static unsafe void* Allocate(nuint byteCount) =>
        AllocateResult is { } result ? (void*)result : Take(byteCount, AllocateOffset);

    [UnmanagedCallersOnly]
    private static unsafe void* Resize(void* block, nuint byteCount)
    {
        if (ResizeResult is { } result)
        {
            return (void*)result;
        }

        void* moved = Take(byteCount, ResizeOffset);
        if (s_live.TryGetValue((nint)block, out nint outer))
        {
            NativeMemory.Copy(block, moved, nuint.Min(byteCount, ByteCountOf(outer)));
        }

        Return(block);
        return moved;
    }

    [UnmanagedCallersOnly]
    private static unsafe void Free(void* block) => Return(block);

    /// <remarks>The size is stored in the first 64 bytes, which also leave room for an offset.</remarks>
    private static unsafe void* Take(nuint byteCount, nint offset)
    {
        byte* outer = (byte*)NativeMemory.AlignedAlloc(byteCount + 128, 64);
        *(nuint*)outer = byteCount;
        byte* block = outer + 64 + offset;
        s_live[(nint)block] = (nint)outer;
        return block;
    }

    private static unsafe nuint ByteCountOf(nint outer) => *(nuint*)outer;

    private static unsafe void Return(void* block)
    {
        if (s_live.TryRemove((nint)block, out nint outer))
        {
            NativeMemory.AlignedFree((void*)outer);
        }
        else
        {
            Interlocked.Increment(ref s_mistakes);
        }
    }
}
