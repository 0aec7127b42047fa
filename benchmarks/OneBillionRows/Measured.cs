namespace OneBillionRows;

/// <summary>The times of one version, over all timed runs.</summary>
internal sealed class Measured(string name)
{
    private readonly List<double> _seconds = [];
    private readonly List<long> _allocatedBytes = [];

    public string Name => name;

    /// <summary>The answer of the last run.</summary>
    public string Answer { get; private set; } = "";

    /// <summary>Whether every run gave the same answer.</summary>
    public bool IsConstant { get; private set; } = true;

    public double MedianSeconds => Median(_seconds);

    public long MedianAllocatedBytes => Median(_allocatedBytes);

    /// <summary>Collections during all runs together.</summary>
    public int CollectionCount { get; private set; }

    public void Add(string answer, double seconds, long allocatedBytes, int collectionCount)
    {
        IsConstant &= _seconds.Count == 0 || answer == Answer;
        Answer = answer;
        _seconds.Add(seconds);
        _allocatedBytes.Add(allocatedBytes);
        CollectionCount += collectionCount;
    }

    /// <summary>
    /// The median of each run's time against that of the rival's run beside it: a slow moment of the machine
    /// mostly affects both.
    /// </summary>
    public double RatioTo(Measured other) => Median([.. _seconds.Zip(other._seconds, (mine, its) => mine / its)]);

    private static T Median<T>(List<T> values) => values.Order().ElementAt(values.Count / 2);
}
