namespace NativeBuffers;

/// <summary>Live blocks that one line of the program allocated. In a <see cref="NativeMemoryDifference"/>, how many more of them.</summary>
/// <param name="Name"><c>File.cs:12</c>, with the whole path if two files have this name; the method if the line is not known.</param>
/// <param name="FilePath">As the compiler knew it; empty if unknown.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="BlockCount">The number of blocks.</param>
/// <param name="ByteCount">The sum of their sizes, in bytes.</param>
public sealed record NativeMemorySite(string Name, string FilePath, int Line, long BlockCount, long ByteCount);
