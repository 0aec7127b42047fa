namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>What tracking knows: nothing while it is off.</summary>
internal static class TrackedMemory
{
    /// <summary>Asks the tracker; null while it is off.</summary>
    public static Func<(long LiveBytes, long LiveBlocks, long PeakBytes)?> Source { get; set; } = static () => null;
}
