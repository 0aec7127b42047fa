namespace NativeBuffers.Regions;

/// <summary>Neighbouring pages in the same state.</summary>
/// <param name="Start">In bytes from the region's start.</param>
/// <param name="End">Behind the last one, in bytes from the region's start.</param>
/// <param name="State">What they all are.</param>
internal readonly record struct PageRun(long Start, long End, PageState State)
{
    /// <summary>In bytes.</summary>
    public long ByteCount => End - Start;
}
