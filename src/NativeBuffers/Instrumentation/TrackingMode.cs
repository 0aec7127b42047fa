namespace NativeBuffers;

/// <summary>The notes on each block: see <see cref="NativeMemoryTracker"/>.</summary>
public enum TrackingMode
{
    /// <summary>No notes, at no cost.</summary>
    Off,

    /// <summary>The line that allocated the block, the type of its elements, its allocator and its size.</summary>
    Sites,

    /// <summary>The same, and the calls that led to that line.</summary>
    Stacks,
}
