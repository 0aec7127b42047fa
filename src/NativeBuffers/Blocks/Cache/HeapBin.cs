using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>A bin of a pool's heap, with the slots that other threads gave back. One thread has it.</summary>
/// <remarks>
/// The bin has no hot place, so all its blocks lie in magazines, where a visitor may take them. Its memory never becomes anything else:
/// a stale handle may look at it at any time.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct HeapBin
{
    /// <summary>The size class of the bin that takes no block: see <see cref="HeapBins.Closed"/>.</summary>
    public const int NoClass = -1;

    /// <summary>The bin, as the home of slots.</summary>
    public Bin Bin;

    /// <summary>The bins that this one belongs to.</summary>
    public unsafe HeapBins* Set;

    /// <summary>The slots that other threads gave back.</summary>
    public RemoteFrees Frees;

    /// <summary>Whether a bin is part of this type, and not of a <see cref="ThreadCache"/>. By addresses alone.</summary>
    /// <safety>The bin is not null. Bins are never unmapped.</safety>
    public static unsafe bool Is(Bin* bin) => !ThreadCache.IsAmong((Bin*)bin->Cache, bin);

    /// <summary>Makes a bin without room.</summary>
    /// <safety>The memory is new: no other thread knows the bin.</safety>
    public static unsafe void Initialize(HeapBin* bin, HeapBins* set, ThreadCache* cache, int sizeClass)
    {
        Bin.Initialize(&bin->Bin, cache, sizeClass);
        bin->Bin.Hot = Bin.NoRoom;
        bin->Set = set;
    }

    /// <summary>A bin without room; null when memory is exhausted.</summary>
    /// <safety>The bin is the caller's.</safety>
    public static unsafe HeapBin* TryCreate(HeapBins* set, ThreadCache* cache, int sizeClass)
    {
        var bin = (HeapBin*)TryAllocate((nuint)sizeof(HeapBin));
        if (bin != null)
        {
            Initialize(bin, set, cache, sizeClass);
        }

        return bin;
    }

    /// <summary>Zeroed memory, aligned to a cache line, that is never freed; null when memory is exhausted.</summary>
    /// <safety>The memory is the caller's.</safety>
    public static unsafe void* TryAllocate(nuint byteCount)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            void* memory = NativeMemory.AlignedAlloc(byteCount, CacheLine.Size);
            NativeMemory.Clear(memory, byteCount);
            return memory;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
