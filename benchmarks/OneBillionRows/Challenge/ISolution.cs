namespace OneBillionRows.Challenge;

/// <summary>One way to answer the challenge: lines of <c>station;temperature</c> in, one line of summaries out.</summary>
public interface ISolution
{
    /// <summary>The name of this solution in the table.</summary>
    string Name { get; }

    /// <summary>Reads the whole file and returns <c>{station=min/mean/max, …}</c>, sorted by name.</summary>
    /// <exception cref="MalformedLineException">A line is not one of the challenge; the first such line is named.</exception>
    /// <exception cref="TooManyStationsException">The file names more stations than the challenge has.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    string Solve(string path, SolveOptions options);
}
