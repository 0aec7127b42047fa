namespace NativeBuffers.Arrow.Tests;

/// <summary>The samples of the page on Arrow compile and run, and print what their comments say.</summary>
public class PageTests
{
    private const string Imports = """
        global using System;
        global using System.Runtime.InteropServices;
        global using Apache.Arrow;
        global using Apache.Arrow.Types;
        global using NativeBuffers;
        global using NativeBuffers.Arrow;
        """;

    private static readonly IReadOnlyList<PageSample> s_samples = PageSample.Of("docs/arrow.md", "cs");

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, s_samples.Count)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_as_the_page_says(int index)
    {
        PageSample sample = s_samples[index];
        Assert.NotEmpty(sample.Shown);
        Assert.Equal(sample.Shown, PageSample.LinesOf(() => PageSample.Start(sample.Compile(Imports))));
    }
}
