using NativeBuffers.Diagnostics.Guards;

namespace NativeBuffers;

/// <summary>Guards around an allocator's blocks: <c>WithGuards</c>.</summary>
public static class NativeAllocatorGuards
{
    /// <param name="allocator">The allocator from which the guarded one takes its blocks.</param>
    extension(NativeAllocator allocator)
    {
        /// <summary>An allocator that takes its blocks from this one, and finds uses beyond their bounds or after their end.</summary>
        /// <param name="mode">How blocks are guarded.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is none of the modes.</exception>
        public NativeAllocator WithGuards(GuardMode mode)
        {
            ArgumentNullException.ThrowIfNull(allocator);
            return GuardedAllocators.Wrap(allocator.Requested, mode);
        }
    }
}
