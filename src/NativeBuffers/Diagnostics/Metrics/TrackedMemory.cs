namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>What tracking knows: nothing in a process that is not tracked, where it would know of a part only.</summary>
internal static class TrackedMemory
{
    /// <summary>The tracker's figures; null in a process that is not tracked.</summary>
    public static (long LiveBytes, long LiveBlocks, long PeakBytes)? Now => NativeMemoryTracker.IsTracking
        ? (NativeMemoryTracker.LiveBytes, NativeMemoryTracker.LiveBlocks, NativeMemoryTracker.PeakBytes)
        : null;
}
