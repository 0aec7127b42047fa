using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Arrays on the pinned heap: memory that the garbage collector counts, limits and reports as its own.</summary>
/// <remarks>
/// The counterpart of an interpreter's own allocator in C extensions: use it where the collector should feel the
/// weight. A handle in the word before the block keeps the array alive until the block is freed.
/// </remarks>
internal sealed class PinnedHeapAllocator : NativeAllocator
{
    private PinnedHeapAllocator()
        : base("PinnedHeap") => LivesForever = true;

    public static PinnedHeapAllocator Instance { get; } = new();

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        nuint effective = nuint.Max(alignment, Layout.DefaultAlignment);
        nuint slack = effective - 1 + (nuint)IntPtr.Size;
        if (!Layout.TryAdd(byteCount, slack, out nuint widened) || widened > (nuint)Array.MaxLength * (nuint)sizeof(Line))
        {
            return null;
        }

        try
        {
            FailPoint.ThrowIfRefused();
            int lines = (int)((widened + (nuint)sizeof(Line) - 1) / (nuint)sizeof(Line));
            Line[] array = zeroed
                ? GC.AllocateArray<Line>(lines, pinned: true)
                : GC.AllocateUninitializedArray<Line>(lines, pinned: true);
            nuint first = (nuint)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
            void* block = (void*)((first + slack) & ~(effective - 1));
            FailPoint.ThrowIfRefused();
            HandleOf(block) = GCHandle.ToIntPtr(GCHandle.Alloc(array));
            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        GCHandle.FromIntPtr(HandleOf(block)).Free();

    /// <safety>The block was allocated here, with room for a word before it.</safety>
    private static unsafe ref nint HandleOf(void* block) => ref ((nint*)block)[-1];

    /// <summary>A large element, so that an array may pass 2 GiB.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Line;
}
