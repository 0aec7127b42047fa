namespace NativeBuffers.Allocation.Budgets;

/// <summary>The counts of one level of a tree of budgets, and their sums in the levels above.</summary>
/// <remarks>
/// <para>A level <em>takes</em> the bytes in use in it and below, and the bytes that levels below have set aside and do not use yet. It
/// <em>claims</em> bytes from the level above: as many as it takes, or as it has reserved if these are more. No level takes
/// more than its limit.</para>
/// <para>The credits of threads count as used here. The caller of each member has the lock of the tree.</para>
/// </remarks>
internal abstract class BudgetCounts(BudgetCounts? above, long limit)
{
    /// <summary>The bytes that a thread takes at a time, if there is ample room. A larger block makes its parcel as large as itself.</summary>
    public const long Parcel = 64 * 1024;

    /// <summary>The largest block that is charged to a credit, in bytes. So a credit has at most twice as many.</summary>
    public const long LargestCredited = 256 * 1024;

    /// <summary>The smallest parcel. Where there is room for fewer than 16 of these, each request takes the lock.</summary>
    private const long SmallestParcel = 4 * 1024;

    /// <summary>The number of parcels for which there must be room, or none is given. So a few threads do not take all the room.</summary>
    private const int ParcelsInRoom = 16;

    /// <summary>The number of requests without a parcel after credits were called in, or else they come and go with each request.</summary>
    private const int CalmRequests = 64;

    private readonly BudgetCounts? _above = above;
    private int _calm;

    /// <summary>In bytes.</summary>
    public long Limit { get; } = limit;

    /// <summary>The number of levels with open credits, from this one down.</summary>
    public int LevelsWithCredit { get; private set; }

    protected bool IsClosed { get; set; }

    protected long TakenBytes { get; private set; }

    protected long UsedBytes { get; private set; }

    protected long PeakBytes { get; private set; }

    protected long ReservedBytes { get; private set; }

    /// <summary>The sum of all bytes that came back. It only grows.</summary>
    protected long GivenBackBytes { get; private set; }

    /// <summary>The fewest unused bytes of the open credits here and below, as last noted.</summary>
    private long UnusedBytes { get; set; }

    private long Claim => long.Max(TakenBytes, ReservedBytes);

    /// <summary>Whether this is a level, or is below it.</summary>
    public bool IsIn(BudgetCounts top)
    {
        BudgetCounts? level = this;
        while (level is not null && level != top)
        {
            level = level._above;
        }

        return level is not null;
    }

    /// <summary>Counts this level, up to the root, as one with open credits, or no longer as one.</summary>
    public void CountCredit(int more)
    {
        for (BudgetCounts? level = this; level is not null; level = level._above)
        {
            level.LevelsWithCredit += more;
        }
    }

    /// <summary>The first level, upwards from here, that was closed; null if none was.</summary>
    protected BudgetCounts? FindClosed()
    {
        BudgetCounts? level = this;
        while (level is { IsClosed: false })
        {
            level = level._above;
        }

        return level;
    }

    /// <summary>The first level, upwards from here, that has no room for the bytes; null if all have.</summary>
    protected BudgetCounts? FindRefusing(long byteCount)
    {
        for (BudgetCounts? level = this; level is not null && byteCount > 0; level = level._above)
        {
            if (byteCount > level.Limit - level.TakenBytes)
            {
                return level;
            }

            // Reserved bytes are claimed already.
            byteCount = long.Max(level.TakenBytes + byteCount, level.ReservedBytes) - level.Claim;
        }

        return null;
    }

    /// <summary>The first level that has no room to set the bytes aside; null if all have.</summary>
    protected BudgetCounts? FindRefusingReservation(long byteCount) =>
        byteCount > Limit - ReservedBytes ? this : _above?.FindRefusing(long.Max(TakenBytes, ReservedBytes + byteCount) - Claim);

    /// <summary>The size of a parcel for which all levels have ample room; 0 if there is none.</summary>
    /// <param name="byteCount">The bytes of the request that takes the lock.</param>
    protected long FindParcel(long byteCount)
    {
        if (byteCount > LargestCredited || FindClosed() is not null)
        {
            return 0;
        }

        for (BudgetCounts? level = this; level is not null; level = level._above)
        {
            if (level._calm > 0)
            {
                level._calm--;
                return 0;
            }
        }

        long parcel = long.Max(Parcel, byteCount);
        while (parcel >= long.Max(SmallestParcel, byteCount))
        {
            if (FindRefusing(parcel * ParcelsInRoom) is null)
            {
                return parcel;
            }

            parcel /= 4;
        }

        return 0;
    }

    /// <summary>Gives no parcel here and below for a while.</summary>
    protected void Calm() => _calm = CalmRequests;

    /// <summary>Changes the reserved bytes.</summary>
    protected void AddReserved(long byteCount)
    {
        long before = Claim;
        ReservedBytes += byteCount;
        _above?.Add(Claim - before, used: 0);
    }

    /// <summary>Changes the used bytes.</summary>
    protected void AddUsed(long byteCount) => Add(byteCount, byteCount);

    /// <summary>Changes the unused bytes of credits.</summary>
    protected void AddUnused(long byteCount)
    {
        for (BudgetCounts? level = this; level is not null && byteCount != 0; level = level._above)
        {
            level.UnusedBytes += byteCount;
        }
    }

    /// <summary>Updates the peaks of this level and those above.</summary>
    protected void UpdatePeaks()
    {
        for (BudgetCounts? level = this; level is not null; level = level._above)
        {
            level.PeakBytes = long.Max(level.PeakBytes, level.UsedBytes - level.UnusedBytes);
        }
    }

    private void Add(long byteCount, long used)
    {
        for (BudgetCounts? level = this; level is not null; level = level._above)
        {
            long before = level.Claim;
            level.UsedBytes += used;
            level.TakenBytes += byteCount;
            level.GivenBackBytes += long.Max(-byteCount, 0);
            byteCount = level.Claim - before;
        }
    }
}
