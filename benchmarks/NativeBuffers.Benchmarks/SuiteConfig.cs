using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;

namespace NativeBuffers.Benchmarks;

/// <summary>The settings of all suites: managed bytes are counted, and all figures are in nanoseconds.</summary>
internal static class SuiteConfig
{
    public static IConfig Instance { get; } = DefaultConfig.Instance
        .AddDiagnoser(MemoryDiagnoser.Default)
        .HideColumns(Column.Error, Column.RatioSD)
        .WithSummaryStyle(BenchmarkDotNet.Reports.SummaryStyle.Default.WithTimeUnit(Perfolizer.Horology.TimeUnit.Nanosecond));
}
