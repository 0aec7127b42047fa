using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>What does a zeroed scoped buffer cost against <c>calloc</c>, and from which size on is clearing all there is?</summary>
public class ScopedZeroedBenchmark
{
    private const int Turns = 1000;

    [Params(64, 1024, 4096, 65_536, 1_048_576)]
    public int ByteCount { get; set; }

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Turns)]
    public int Buffer() => ScopedZeroedLoops.Buffer(Turns, ByteCount);

    [Benchmark(Description = "AllocZeroed, try/finally", OperationsPerInvoke = Turns, Baseline = true)]
    public int TryFinally() => ScopedZeroedLoops.TryFinally(Turns, ByteCount);

    [Benchmark(Description = "new byte[]", OperationsPerInvoke = Turns)]
    public int NewArray() => ScopedZeroedLoops.NewArray(Turns, ByteCount);
}
