using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>What does a scoped buffer cost that was asked to start at a multiple of 64 bytes, against <c>aligned_alloc</c>?</summary>
public class ScopedAlignedBenchmark
{
    private const int Turns = 1000;

    [Params(64, 1024, 4096, 65_536, 1_048_576)]
    public int ByteCount { get; set; }

    [Benchmark(Description = "NativeBuffer, Aligned(64)", OperationsPerInvoke = Turns)]
    public int Buffer() => ScopedAlignedLoops.Buffer(Turns, ByteCount);

    [Benchmark(Description = "AlignedAlloc, try/finally", OperationsPerInvoke = Turns, Baseline = true)]
    public int TryFinally() => ScopedAlignedLoops.TryFinally(Turns, ByteCount);
}
