namespace NativeBuffers.Instrumentation;

/// <summary>What has happened, for metrics: counts, and a word to who listens.</summary>
internal static class Tally
{
    private static readonly long[] s_counts = new long[Enum.GetValues<Happening>().Length];

    /// <summary>Told of each, on the thread where it happens, with what there is to say. Must not throw.</summary>
    public static event Action<Happening, string>? Happened;

    /// <summary>How many there were.</summary>
    public static long Of(Happening happening) => Volatile.Read(ref s_counts[(int)happening]);

    /// <summary>Counts one.</summary>
    /// <param name="happening">What it is.</param>
    /// <param name="message">For people; asked for only if somebody listens.</param>
    public static void Count(Happening happening, Func<string> message)
    {
        Interlocked.Increment(ref s_counts[(int)happening]);
        if (Happened is { } happened)
        {
            happened(happening, message());
        }
    }
}
