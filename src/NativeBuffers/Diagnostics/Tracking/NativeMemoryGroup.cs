namespace NativeBuffers;

/// <summary>Live blocks with something in common; in a <see cref="NativeMemoryDifference"/>, how many more of them.</summary>
/// <param name="Name">Of what they have in common: the type of their elements, or their allocator.</param>
/// <param name="BlockCount">How many blocks.</param>
/// <param name="ByteCount">What they have, in bytes.</param>
public sealed record NativeMemoryGroup(string Name, long BlockCount, long ByteCount);
