using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The room of one thread's bins: bytes that it has reserved of its own limit and of the process's.</summary>
/// <remarks>
/// When a bin opens, it reserves room for all that it may ever hold. So no block is counted when it comes back. When a visitor
/// closes the bin, room for the hot block stays reserved, unless the visitor gets this block, too: see <see cref="WithdrawnBlocks"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct BinRoom
{
    /// <summary>The bytes that are reserved. Visitors release some of them.</summary>
    private long _reserved;

    /// <summary>The size classes with room for a hot block, one bit each. The thread sets bits, and visitors clear them.</summary>
    private ulong _hot;

    /// <summary>Reserves the room of a bin that opens; false if a limit has no room for it. For the thread of the bins.</summary>
    public bool TryReserve(int sizeClass)
    {
        bool hasHot = HasHot(sizeClass);
        bool isReserved = TryReserveBytes(RoomOf(sizeClass) + (hasHot ? 0 : HotRoomOf(sizeClass)));
        if (isReserved && !hasHot)
        {
            NoteHot(sizeClass);
        }

        return isReserved;
    }

    /// <summary>Reserves the room of a hot block, if it is not reserved; false if a limit has no room for it. For the thread of the bins.</summary>
    public bool TryReserveHot(int sizeClass)
    {
        bool hasHot = HasHot(sizeClass);
        if (!hasHot && TryReserveBytes(HotRoomOf(sizeClass)))
        {
            NoteHot(sizeClass);
            hasHot = true;
        }

        return hasHot;
    }

    /// <summary>Gives the room of a closed bin back, except that of the hot block. For any thread.</summary>
    public void Release(int sizeClass) => ReleaseBytes(RoomOf(sizeClass));

    /// <summary>Gives the room of a hot block back, if it is reserved. For a visitor that has closed the place, or the thread while no slot is noted.</summary>
    public void ReleaseHot(int sizeClass)
    {
        ulong bit = 1UL << sizeClass;
        if ((Interlocked.And(ref _hot, ~bit) & bit) != 0)
        {
            CacheLimits.NoteHot(-HotRoomOf(sizeClass));
            ReleaseBytes(HotRoomOf(sizeClass));
        }
    }

    /// <summary>Reserves room for a run without used blocks; false if a limit has no room for it. For the thread of the run.</summary>
    public bool TryReserveBare() => TryReserveBytes(BlockRun.Size);

    /// <summary>Gives the room of a run back. For any thread.</summary>
    public void ReleaseBare() => ReleaseBytes(BlockRun.Size);

    /// <summary>Ends all reservations of an ended thread.</summary>
    public void ReleaseAll()
    {
        long hotBytes = 0;
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            hotBytes += HasHot(i) ? HotRoomOf(i) : 0;
        }

        CacheLimits.NoteHot(-hotBytes);
        _hot = 0;
        CacheLimits.Release(_reserved);
        _reserved = 0;
    }

    private readonly bool HasHot(int sizeClass) => ((Volatile.Read(in _hot) >> sizeClass) & 1) != 0;

    private void NoteHot(int sizeClass)
    {
        ulong bit = 1UL << sizeClass;
        if ((Interlocked.Or(ref _hot, bit) & bit) == 0)
        {
            CacheLimits.NoteHot(HotRoomOf(sizeClass));
        }
        else
        {
            // While this thread waited in the reservation, its SynchronizationContext has used the bin.
            ReleaseBytes(HotRoomOf(sizeClass));
        }
    }

    private bool TryReserveBytes(long byteCount)
    {
        if (Interlocked.Add(ref _reserved, byteCount) <= CacheLimits.ThreadBytes && CacheLimits.TryReserve(byteCount))
        {
            return true;
        }

        Interlocked.Add(ref _reserved, -byteCount);
        return false;
    }

    private void ReleaseBytes(long byteCount)
    {
        Interlocked.Add(ref _reserved, -byteCount);
        CacheLimits.Release(byteCount);
    }

    /// <summary>The most bytes in the two magazines of an open bin.</summary>
    private static long RoomOf(int sizeClass) => 2 * Depot.CapacityOf(sizeClass) * HotRoomOf(sizeClass);

    /// <summary>The bytes of the hot block.</summary>
    private static long HotRoomOf(int sizeClass) => (long)SizeClasses.SizeOf(sizeClass);
}
