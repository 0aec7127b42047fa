namespace NativeBuffers;

/// <summary>Live blocks of one type or of one allocator. In a <see cref="NativeMemoryDifference"/>, how many more of them.</summary>
/// <param name="Name">The type of their elements, or their allocator.</param>
/// <param name="BlockCount">The number of blocks.</param>
/// <param name="ByteCount">The sum of their sizes, in bytes.</param>
public sealed record NativeMemoryGroup(string Name, long BlockCount, long ByteCount);
