using System.Reflection;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Tests.CompileFail;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>Every sample on a page compiles and runs, and prints what its comments say; or does not compile, as it says.</summary>
[Collection(ProcessWide.Name)]
public class PageSamplesTests
{
    private static readonly IReadOnlyDictionary<(string Page, int Index), PageSample> s_samples =
        (from page in Repository.Pages from sample in PageSample.Of(page, "csharp").Index() select (page, sample))
        .ToDictionary(static each => (each.page, each.sample.Index), static each => each.sample.Item);

    /// <summary>All programs, compiled before the first one runs: the runs collect garbage, and the compiler would read its references again.</summary>
    private static readonly Lazy<IReadOnlyDictionary<(string Page, int Index), (byte[] Program, IReadOnlyList<string> Diagnostics)>> s_compiled =
        new(static () => s_samples.ToDictionary(static each => each.Key, static each => Compile(each.Value)));

    public static TheoryData<string, int> Samples => [.. s_samples.Keys];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_as_the_page_says(string page, int index)
    {
        PageSample sample = s_samples[(page, index)];
        (byte[] program, IReadOnlyList<string> diagnostics) = s_compiled.Value[(page, index)];
        if (sample.Refusal is { } refusal)
        {
            Assert.Contains(diagnostics, diagnostic => diagnostic.EndsWith($"error {refusal}", StringComparison.Ordinal));
            return;
        }

        Assert.Empty(diagnostics);
        Assert.Equal(sample.Shown, Run(program));
    }

    [Fact]
    public void There_are_samples_of_both_kinds()
    {
        Assert.Contains(s_samples.Values, static sample => sample.Refusal is not null);
        Assert.True(s_samples.Values.Count(static sample => sample.Shown.Count > 0) >= 5);
    }

    private static (byte[] Program, IReadOnlyList<string> Diagnostics) Compile(PageSample sample)
    {
        using var program = new MemoryStream();
        IReadOnlyList<string> diagnostics = SampleCompiler.CompileStatements(sample.Text, program);
        return (program.ToArray(), diagnostics);
    }

    private static IReadOnlyList<string> Run(byte[] bytes)
    {
        Assembly program = Assembly.Load(bytes);

        // A page must not teach how to lose memory. A sample that does loses it in each run. A thread that an earlier test left may end
        // during one of the runs, and its buffers are counted then. So a run without a loss is enough, and only a later one settles before.
        const int Runs = 3;
        for (int run = 1; ; run++)
        {
            if (run > 1)
            {
                Collector.Settle();
            }

            long lost = 0;
            IReadOnlyList<string> lines = PageSample.LinesOf(() => lost = CountLost(program));
            if (lost == 0)
            {
                return lines;
            }

            Assert.True(run < Runs, $"{lost} buffers are lost.");
        }
    }

    private static long CountLost(Assembly program)
    {
        NativeMemoryCache.Trim();
        long abandoned = EndedThreads.AbandonedCount;
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => PageSample.Start(program)));
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
        NativeMemoryCache.Trim();
        return EndedThreads.AbandonedCount - abandoned;
    }
}
