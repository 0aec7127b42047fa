using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>What does a scoped buffer cost, from creation to disposal, against the other ways to get memory for a scope?</summary>
/// <remarks>The caches do not keep the largest size: such a buffer comes straight from <c>malloc</c>.</remarks>
public class ScopedCreateBenchmark
{
    private const int Turns = 1000;

    [Params(64, 1024, 4096, 65_536, 1_048_576)]
    public int ByteCount { get; set; }

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Turns)]
    public int Buffer() => ScopedCreateLoops.Buffer(Turns, ByteCount);

    [Benchmark(Description = "NativeMemory, bare", OperationsPerInvoke = Turns)]
    public int Bare() => ScopedCreateLoops.Bare(Turns, ByteCount);

    [Benchmark(Description = "NativeMemory, try/finally", OperationsPerInvoke = Turns, Baseline = true)]
    public int TryFinally() => ScopedCreateLoops.TryFinally(Turns, ByteCount);

    [Benchmark(Description = "AllocHGlobal", OperationsPerInvoke = Turns)]
    public int HGlobal() => ScopedCreateLoops.HGlobal(Turns, ByteCount);

    [Benchmark(Description = "ArrayPool.Shared", OperationsPerInvoke = Turns)]
    public int ArrayPool() => ScopedCreateLoops.ArrayPool(Turns, ByteCount);

    [Benchmark(Description = "new byte[]", OperationsPerInvoke = Turns)]
    public int NewArray() => ScopedCreateLoops.NewArray(Turns, ByteCount);

    [Benchmark(Description = "SpanOwner", OperationsPerInvoke = Turns)]
    public int SpanOwner() => ScopedCreateLoops.SpanOwner(Turns, ByteCount);
}
