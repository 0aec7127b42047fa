namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The numbers of records without a block: first those that were given back, then those that were never used. The caller locks.</summary>
/// <remarks>Numbers are reused, so that the report stays short. The system gives the array memory only where it is used.</remarks>
internal sealed class GuardRecords(int capacity)
{
    private readonly int[] _givenBack = new int[capacity];
    private int _givenBackCount;

    /// <summary>How many records were ever taken.</summary>
    public int UsedCount { get; private set; }

    /// <summary>Takes a record that has room in the report; false if there is none.</summary>
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
