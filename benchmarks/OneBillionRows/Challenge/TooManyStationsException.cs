namespace OneBillionRows.Challenge;

/// <summary>The file names more different stations than the challenge has.</summary>
public sealed class TooManyStationsException : Exception
{
    /// <summary>The exception with its only message.</summary>
    public TooManyStationsException()
        : base($"the file has more than {LineRules.MaxStationCount} different stations, which the challenge does not")
    {
    }
}
