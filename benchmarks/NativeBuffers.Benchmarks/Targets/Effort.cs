namespace NativeBuffers.Benchmarks.Targets;

/// <summary>How long each row is measured.</summary>
/// <param name="IsShort">Whether to measure so briefly that the figures only show that the rows run. Otherwise the figures count.</param>
internal readonly record struct Effort(bool IsShort)
{
    /// <summary>The number of rounds, if a whole run has this number.</summary>
    public int Rounds(int whole) => IsShort ? int.Max(1, whole / 7) : whole;

    /// <summary>The length of a sample, if a whole run has this length.</summary>
    public TimeSpan Length(TimeSpan whole) => IsShort ? whole / 10 : whole;
}
