namespace NativeBuffers.Benchmarks.Targets;

/// <summary>How often each row is measured: all rounds for figures, or a few to show that the rows run.</summary>
internal static class Effort
{
    /// <summary>Whether a few rounds are enough. Set before the first measurement.</summary>
    public static bool IsShort { get; set; }

    /// <summary>The number of rounds, if a whole run has this number.</summary>
    public static int Of(int rounds) => IsShort ? int.Max(1, rounds / 7) : rounds;
}
