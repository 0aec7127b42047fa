using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Faults;

namespace NativeBuffers;

/// <summary>Planned failures of an allocator: <c>WithFaults</c>.</summary>
public static class NativeAllocatorFaults
{
    /// <param name="allocator">The allocator from which the failing one takes its blocks.</param>
    extension(NativeAllocator allocator)
    {
        /// <summary>An allocator that takes its blocks from this one, and fails when a plan says so: to test how a program handles it.</summary>
        /// <param name="plan">Says which requests fail. A plan counts its requests, so each allocator needs its own.</param>
        /// <exception cref="ArgumentNullException"><paramref name="plan"/> is null.</exception>
        public NativeAllocator WithFaults(FaultPlan plan)
        {
            ArgumentNullException.ThrowIfNull(allocator);
            return new FaultyAllocator(AllocatorHooks.Guarded(allocator), plan);
        }
    }
}
