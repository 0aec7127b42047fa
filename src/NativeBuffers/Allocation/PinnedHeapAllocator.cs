using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Arrays on the pinned heap: memory that the garbage collector counts, limits, reports, and keeps while a span of it is in use.</summary>
/// <remarks>
/// <para>A handle in the word before the block keeps the array alive until the block is freed. After that, a span into the block still
/// keeps the array, and no other block gets its memory: the collector frees it.</para>
/// <para>The array has the owner's element type, or bytes: see <see cref="PinnedArrays"/>. A block that such an array cannot hold lies in an array
/// of vectors.</para>
/// </remarks>
internal sealed class PinnedHeapAllocator : NativeAllocator
{
    private PinnedHeapAllocator()
        : base("PinnedHeap")
    {
        LivesForever = true;
        HasArrays = true;
    }

    public static PinnedHeapAllocator Instance { get; } = new();

    /// <inheritdoc/>
    internal override unsafe Array? ArrayOf(void* block) => (Array?)GCHandle.FromIntPtr(HandleOf(block)).Target;

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        nuint effective = nuint.Max(alignment, Layout.DefaultAlignment);
        try
        {
            FailPoint.ThrowIfRefused();
            Array? array = PinnedArrays.Wanted.TryMake(byteCount, effective, zeroed, out nuint start)
                ?? PinnedArrays.Bytes.TryMake(byteCount, effective, zeroed, out start)
                ?? PinnedArrays.Longest.TryMake(byteCount, effective, zeroed, out start);
            if (array is null)
            {
                return null;
            }

            FailPoint.ThrowIfRefused();
            HandleOf((void*)start) = GCHandle.ToIntPtr(GCHandle.Alloc(array));
            return (void*)start;
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
