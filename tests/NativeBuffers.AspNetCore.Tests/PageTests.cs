namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The samples of the page on servers compile and run, and print what their comments say.</summary>
public class PageTests
{
    private const string Imports = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.Extensions.DependencyInjection;
        global using NativeBuffers;
        global using NativeBuffers.AspNetCore;
        """;

    private static readonly IReadOnlyList<PageSample> s_samples = PageSample.Of("docs/servers.md", "cs");

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, s_samples.Count)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_as_the_page_says(int index)
    {
        // The samples do not show how to turn the log of the host off.
        Environment.SetEnvironmentVariable("Logging__LogLevel__Default", "None");
        Environment.SetEnvironmentVariable("Logging__LogLevel__Microsoft.Hosting.Lifetime", "None");
        PageSample sample = s_samples[index];
        Assert.Equal(sample.Shown, PageSample.LinesOf(() => PageSample.Start(sample.Compile(Imports))));
    }
}
