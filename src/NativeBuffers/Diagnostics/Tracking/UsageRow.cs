namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Live blocks that have all in common but their addresses and sizes.</summary>
/// <param name="Site">Where they were asked for.</param>
/// <param name="TypeName">What their elements are.</param>
/// <param name="AllocatorName">Where they come from.</param>
/// <param name="Stack">The calls that led there; none if these were not noted.</param>
/// <param name="BlockCount">How many there are; in a difference, how many more.</param>
/// <param name="ByteCount">What they have, in bytes; in a difference, how many more.</param>
internal sealed record UsageRow(Site Site, string TypeName, string AllocatorName, CallStack Stack, long BlockCount, long ByteCount);
