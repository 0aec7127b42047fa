using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The room of one thread's bins: bytes that it has reserved of its own limit and of the process's.</summary>
/// <remarks>
/// When a bin opens, it reserves room for all that it may ever hold. So no block is counted when it comes back. When a visitor
/// closes the bin, room for one block stays reserved: the hot one, which visitors cannot take.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct BinRoom
{
    /// <summary>The bytes that are reserved. Visitors release some of them.</summary>
    private long _reserved;

    /// <summary>The size classes whose bins have opened, one bit each: room for one block of each stays reserved.</summary>
    private ulong _opened;

    /// <summary>Reserves the room of a bin that opens; false if a limit has no room for it. For the thread of the bins.</summary>
    public bool TryReserve(int sizeClass)
    {
        long hotBytes = (long)SizeClasses.SizeOf(sizeClass);
        ulong bit = 1UL << sizeClass;
        bool isFirst = (_opened & bit) == 0;
        long byteCount = RoomOf(sizeClass) - (isFirst ? 0 : hotBytes);
        bool isReserved = TryReserveBytes(byteCount);
        if (isReserved && isFirst)
        {
            _opened |= bit;
            CacheLimits.NoteHot(hotBytes);
        }

        return isReserved;
    }

    /// <summary>Gives the room of a closed bin back, except for one block. For any thread.</summary>
    public void Release(int sizeClass) => ReleaseBytes(RoomOf(sizeClass) - (long)SizeClasses.SizeOf(sizeClass));

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
            hotBytes += ((_opened >> i) & 1) == 0 ? 0 : (long)SizeClasses.SizeOf(i);
        }

        CacheLimits.NoteHot(-hotBytes);
        _opened = 0;
        CacheLimits.Release(_reserved);
        _reserved = 0;
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

    /// <summary>The most bytes in an open bin: two magazines, and the hot block.</summary>
    private static long RoomOf(int sizeClass) => ((2 * Depot.CapacityOf(sizeClass)) + 1) * (long)SizeClasses.SizeOf(sizeClass);
}
