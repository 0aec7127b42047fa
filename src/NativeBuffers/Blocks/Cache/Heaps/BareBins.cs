using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The bins of one thread for blocks without slots, by size class. Made when the thread first needs one, and never unmapped.</summary>
[InlineArray(RunClass.Count)]
internal struct BareBins
{
    private Bin _first;

    /// <summary>The bin of a size class.</summary>
    /// <safety>Bins are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Bin* At(BareBins* bins, int sizeClass) => (Bin*)bins + sizeClass;

    /// <summary>The bin of a size class, with room if the limits have some; null when memory is exhausted, and in a cache aside.</summary>
    /// <safety>The cache is this thread's.</safety>
    public static unsafe Bin* TryOpen(ThreadCache* cache, int sizeClass)
    {
        if (cache->IsAside || (cache->Bare == null && !TryMake(cache)))
        {
            return null;
        }

        Bin* bin = At(cache->Bare, sizeClass);
        if (!bin->HasRoom && cache->Room.TryReserveBare(sizeClass))
        {
            if (Depot.For(sizeClass).TryTakePair(out Magazine* loaded, out Magazine* previous))
            {
                bin->Open(loaded, previous);
            }
            else
            {
                cache->Room.ReleaseBare(sizeClass);
            }
        }

        return bin;
    }

    /// <summary>The bytes in the bins of a thread; a guess while the thread works.</summary>
    /// <safety>Bins are never unmapped.</safety>
    public static unsafe long BytesOf(ThreadCache* cache)
    {
        long sum = 0;
        BareBins* bins = (BareBins*)Volatile.Read(ref *(nint*)&cache->Bare);
        for (int i = 0; i < RunClass.Count && bins != null; i++)
        {
            sum += At(bins, i)->Count * (long)SizeClasses.SizeOf(i);
        }

        return sum;
    }

    /// <summary>Announces a visit to all bins of a thread.</summary>
    /// <safety>The caller is a visitor.</safety>
    public static unsafe void Announce(ThreadCache* cache)
    {
        BareBins* bins = (BareBins*)Volatile.Read(ref *(nint*)&cache->Bare);
        for (int i = 0; i < RunClass.Count && bins != null; i++)
        {
            At(bins, i)->Gate.Announce();
        }
    }

    /// <summary>Takes the blocks out of the bins of a thread, and gives them to their runs: of all bins, or of those that were not used since.</summary>
    /// <remarks>The bins that the thread has made after <see cref="Announce"/> wait for the next visit.</remarks>
    /// <safety>The visit was announced, and a barrier of the whole process came after; or the thread has ended.</safety>
    public static unsafe void Visit(ThreadCache* cache, bool idleOnly)
    {
        BareBins* bins = (BareBins*)Volatile.Read(ref *(nint*)&cache->Bare);
        for (int i = 0; i < RunClass.Count && bins != null; i++)
        {
            Bin* bin = At(bins, i);
            if (!bin->Gate.IsAnnounced)
            {
                continue;
            }

            bin->Gate.WaitForOwner();
            if (bin->HasRoom && (bin->WasIdle(isBare: true) || !idleOnly))
            {
                Close(bin);
                cache->Room.ReleaseBare(i);
            }

            bin->Gate.EndVisit();
        }
    }

    /// <summary>Empties the bins of a thread that has ended.</summary>
    /// <safety>The thread has ended, and a barrier of the whole process came after.</safety>
    public static unsafe void Empty(ThreadCache* cache)
    {
        for (int i = 0; i < RunClass.Count && cache->Bare != null; i++)
        {
            Close(At(cache->Bare, i));
        }
    }

    /// <summary>Gives the blocks of a magazine to their runs, and the magazine to the depot.</summary>
    /// <safety>The caller gives up the magazine, whose entries are blocks.</safety>
    public static unsafe void Give(Magazine* magazine, int sizeClass, bool keepsEmpty)
    {
        RunClass.Give(new ReadOnlySpan<nint>(Magazine.Slots(magazine), magazine->Count), keepsEmpty);
        if (magazine != Magazine.None)
        {
            magazine->Count = 0;
        }

        Depot.For(sizeClass).Give(magazine);
    }

    /// <safety>As for <see cref="Bin.Close"/>.</safety>
    private static unsafe void Close(Bin* bin)
    {
        bin->Close(out Magazine* loaded, out Magazine* previous);
        Give(loaded, bin->SizeClass, keepsEmpty: false);
        Give(previous, bin->SizeClass, keepsEmpty: false);
    }

    /// <safety>The cache is this thread's.</safety>
    private static unsafe bool TryMake(ThreadCache* cache)
    {
        BareBins* bins;
        try
        {
            FailPoint.ThrowIfRefused();
            bins = (BareBins*)NativeMemory.AlignedAlloc((nuint)sizeof(BareBins), CacheLine.Size);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        for (int i = 0; i < RunClass.Count; i++)
        {
            Bin.Initialize(At(bins, i), cache, i);
        }

        // A release: a visitor that finds the bins finds them initialised.
        Volatile.Write(ref *(nint*)&cache->Bare, (nint)bins);
        return true;
    }
}
