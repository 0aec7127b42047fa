using System.Runtime.Intrinsics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Arrays on the pinned heap: memory that the garbage collector counts, limits and reports as its own.</summary>
/// <remarks>
/// Use it where the collector must know how much memory is in use. A handle in the word before the block keeps the array alive until the
/// block is freed.
/// </remarks>
internal sealed class PinnedHeapAllocator : NativeAllocator
{
    private PinnedHeapAllocator()
        : base("PinnedHeap") => LivesForever = true;

    public static PinnedHeapAllocator Instance { get; } = new();

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        // Elements of a vector's size, so that an array may pass 2 GiB.
        nuint elementSize = (nuint)sizeof(Vector512<byte>);
        nuint effective = nuint.Max(alignment, Layout.DefaultAlignment);
        nuint slack = effective - 1 + (nuint)IntPtr.Size;
        if (!Layout.TryAdd(byteCount, slack, out nuint widened) || widened > (nuint)Array.MaxLength * elementSize)
        {
            return null;
        }

        try
        {
            FailPoint.ThrowIfRefused();
            int length = (int)((widened + elementSize - 1) / elementSize);
            Vector512<byte>[] array = zeroed
                ? GC.AllocateArray<Vector512<byte>>(length, pinned: true)
                : GC.AllocateUninitializedArray<Vector512<byte>>(length, pinned: true);
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

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => GCHandle.FromIntPtr(HandleOf(block)).Free();

    /// <safety>The block was allocated here, with room for a word before it.</safety>
    private static unsafe ref nint HandleOf(void* block) => ref ((nint*)block)[-1];
}
