namespace NativeBuffers.Benchmarks.Targets;

/// <summary>One side of a race: does the work <paramref name="turns"/> times, and returns a sum that shows it was done.</summary>
internal delegate int Loop(int turns, int byteCount);
