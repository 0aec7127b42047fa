namespace NativeBuffers;

/// <summary>What is noted of each block: see <see cref="NativeMemoryTracker"/>.</summary>
public enum TrackingMode
{
    /// <summary>Nothing, at no cost.</summary>
    Off,

    /// <summary>The line that asked for it, the type of its elements, its allocator and its size.</summary>
    Sites,

    /// <summary>The calls that led there, too.</summary>
    Stacks,
}
