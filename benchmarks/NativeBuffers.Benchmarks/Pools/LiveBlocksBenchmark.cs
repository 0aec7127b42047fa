using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Pools;

/// <summary>What does a block cost when a thousand of its size are live at once, and are given back last first?</summary>
public class LiveBlocksBenchmark
{
    [Params(1024, 4096)]
    public int ByteCount { get; set; }

    [Benchmark(Description = "NativeBuffer, by recursion", OperationsPerInvoke = LiveBlocksLoops.BlockCount)]
    public int BufferRecursion() => LiveBlocksLoops.BufferRecursion(1, ByteCount);

    [Benchmark(Description = "NativeMemory, by recursion", OperationsPerInvoke = LiveBlocksLoops.BlockCount)]
    public int RawRecursion() => LiveBlocksLoops.RawRecursion(1, ByteCount);

    [Benchmark(Description = "NativeAllocator.Default, in an array", OperationsPerInvoke = LiveBlocksLoops.BlockCount)]
    public int AllocatorArray() => LiveBlocksLoops.AllocatorArray(1, ByteCount);

    [Benchmark(Description = "NativeMemory, in an array", OperationsPerInvoke = LiveBlocksLoops.BlockCount, Baseline = true)]
    public int RawArray() => LiveBlocksLoops.RawArray(1, ByteCount);
}
