using System.Runtime.InteropServices;

namespace NativeBuffers.Pools;

/// <summary>Where cached blocks come from and go to in the end: <c>malloc</c>'s family, aligned to a cache line.</summary>
internal static class BlockSource
{
    /// <summary>A fresh block; null when memory is exhausted even after all caches were emptied.</summary>
    /// <safety>The caller owns the block.</safety>
    public static unsafe byte* TryAllocate(int sizeClass) => (byte*)TryAlign(SizeClasses.SizeOf(sizeClass)) is var block && block != null
        ? block
        : Retry(sizeClass);

    /// <summary>Frees the blocks of a bundle, and its slots with them.</summary>
    /// <safety>The caller owns the bundle's slots, and gives them up; all their blocks came from here.</safety>
    public static void Free(Bundle bundle)
    {
        unsafe
        {
            // SAFETY: the caller owns these slots, whose blocks came from TryAllocate.
            for (Slot* slot = bundle.First; slot != null; slot = slot->Next)
            {
                NativeMemory.AlignedFree(slot->Start);
                slot->Start = null;
                slot->Home = null;
            }

            SlotTable.GiveList(bundle.First);
        }
    }

    /// <summary>Frees one block that has no slot.</summary>
    /// <safety>The block came from <see cref="TryAllocate"/>, and no copy of its address is used again.</safety>
    public static unsafe void Free(void* block) => NativeMemory.AlignedFree(block);

    private static unsafe byte* Retry(int sizeClass)
    {
        NativeMemoryCache.Trim();
        return (byte*)TryAlign(SizeClasses.SizeOf(sizeClass));
    }

    private static unsafe void* TryAlign(nuint byteCount)
    {
        try
        {
            return NativeMemory.AlignedAlloc(byteCount, SizeClasses.Smallest);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
