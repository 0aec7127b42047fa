using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;

namespace NativeBuffers.Benchmarks;

/// <summary>What all suites share: managed bytes are counted, and figures are in nanoseconds to compare at a glance.</summary>
internal static class SuiteConfig
{
    public static IConfig Instance { get; } = DefaultConfig.Instance
        .AddDiagnoser(MemoryDiagnoser.Default)
        .HideColumns(Column.Error, Column.RatioSD)
        .WithSummaryStyle(BenchmarkDotNet.Reports.SummaryStyle.Default.WithTimeUnit(Perfolizer.Horology.TimeUnit.Nanosecond));
}
