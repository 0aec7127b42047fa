using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>What is known of a live block. Numbers only: a table of them is nothing that the collector has to look through.</summary>
/// <param name="Address">Of its first byte; 0 for a place in a table that is free.</param>
/// <param name="ByteCount">In bytes.</param>
/// <param name="AllocationSiteId">Which <see cref="AllocationSite"/> asked for it.</param>
/// <param name="StackId">Which <see cref="CallStack"/> led there; 0 if that was not noted.</param>
/// <param name="AllocatorId">Which of the <see cref="AllocatorNames"/> it comes from. An address may be live for two: a pool's own block, and what is rented of it.</param>
internal readonly record struct BlockRecord(nint Address, long ByteCount, int AllocationSiteId, int StackId, int AllocatorId);
