using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>Tracking of an allocator's blocks: <c>WithTracking</c>.</summary>
public static class NativeAllocatorTracking
{
    /// <param name="allocator">The allocator from which the tracked one takes its blocks.</param>
    extension(NativeAllocator allocator)
    {
        /// <summary>An allocator that takes its blocks from this one, and tells <see cref="NativeMemoryTracker"/> of each.</summary>
        public NativeAllocator WithTracking()
        {
            ArgumentNullException.ThrowIfNull(allocator);
            return TrackingAllocator.Wrap(AllocatorHooks.Guarded(allocator));
        }
    }
}
