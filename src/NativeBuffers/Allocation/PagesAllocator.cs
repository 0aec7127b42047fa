using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation;

/// <summary>Whole pages from the operating system, which no heap shares.</summary>
/// <remarks>
/// Fresh pages are zero, and each costs a fault at its first use: so this pays for large blocks that live long. On Linux a block grows
/// without a copy of its bytes.
/// </remarks>
internal sealed class PagesAllocator : NativeAllocator
{
    private PagesAllocator()
        : base("Pages")
    {
        LivesForever = true;
        BlockAlignment = SystemMemory.PageSize;
    }

    public static PagesAllocator Instance { get; } = new();

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        TryWholePages(byteCount, out nuint pages) ? Host.Memory.Allocate(pages, alignment) : null;

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        if (alignment > SystemMemory.PageSize)
        {
            return ResizeAligned(block, oldByteCount, newByteCount, alignment);
        }

        _ = TryWholePages(oldByteCount, out nuint oldPages);
        if (!TryWholePages(newByteCount, out nuint newPages))
        {
            return null;
        }

        void* resized = oldPages == newPages ? block : Host.Memory.Resize(block, oldPages, newPages);
        if (resized != null)
        {
            // New pages are zero; the rest of the last old page need not be.
            new Block(resized, nuint.Min(newByteCount, oldPages)).ClearFrom(oldByteCount);
        }

        return resized;
    }

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        _ = TryWholePages(byteCount, out nuint pages);
        Host.Memory.Free(block, pages);
    }

    /// <remarks>The code does not touch new pages, because they are zero.</remarks>
    /// <inheritdoc cref="ResizeCore" path="/remarks"/>
    private unsafe void* ResizeAligned(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
    {
        void* moved = AllocateCore(newByteCount, alignment, zeroed: true);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            FreeCore(block, oldByteCount, alignment);
        }

        return moved;
    }

    private static bool TryWholePages(nuint byteCount, out nuint pages) =>
        Layout.TryRoundUp(nuint.Max(byteCount, 1), SystemMemory.PageSize, out pages);
}
