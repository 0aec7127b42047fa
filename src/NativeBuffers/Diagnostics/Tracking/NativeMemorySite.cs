namespace NativeBuffers;

/// <summary>What was allocated at a line of the program, and is alive; in a <see cref="NativeMemoryDifference"/>, how much more of it.</summary>
/// <param name="Name">
/// <c>File.cs:12</c>, with the whole path where two files have that name; the method, where the line is not known.
/// </param>
/// <param name="FilePath">As the compiler knew it; empty if unknown.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="BlockCount">How many blocks.</param>
/// <param name="ByteCount">What they have, in bytes.</param>
public sealed record NativeMemorySite(string Name, string FilePath, int Line, long BlockCount, long ByteCount);
