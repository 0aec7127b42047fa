namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Tells the tracker of each block.</summary>
internal sealed class TrackingAllocator : WrappingAllocator
{
    private TrackingAllocator(NativeAllocator inner, bool isAmbient)
        : base("Tracked", inner, isAmbient) => TakesOrigins = true;

    /// <summary>The one that stands in front of an allocator because a user asked for it.</summary>
    public static NativeAllocator Over(NativeAllocator inner) => new TrackingAllocator(inner, isAmbient: false);

    /// <summary>One that stands in front of an allocator in the whole process.</summary>
    public static NativeAllocator Ambient(NativeAllocator inner) => new TrackingAllocator(inner, isAmbient: true);
}
