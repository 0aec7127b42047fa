namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The numbers of records that no block has: those that were given back, and then those that were never used. Its user locks.</summary>
/// <remarks>Lower numbers first, so that the report is no longer than it must be. The system gives the array memory where it is used.</remarks>
internal sealed class GuardRecords(int capacity)
{
    private readonly int[] _givenBack = new int[capacity];
    private int _givenBackCount;

    /// <summary>How many were ever taken.</summary>
    public int UsedCount { get; private set; }

    /// <summary>Takes one that has room in the report; false if there is none.</summary>
    public bool TryTake(out int index)
    {
        if (_givenBackCount > 0)
        {
            index = _givenBack[--_givenBackCount];
            return true;
        }

        index = UsedCount;
        if (index == capacity || !GuardReportFile.TryReach(index))
        {
            index = -1;
            return false;
        }

        UsedCount++;
        return true;
    }

    public void Add(int index) => _givenBack[_givenBackCount++] = index;
}
