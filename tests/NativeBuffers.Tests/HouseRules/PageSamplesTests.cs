using System.Reflection;
using System.Text.RegularExpressions;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Tests.CompileFail;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>Every sample on a page compiles and runs, and prints what its comments say; or does not compile, as it says.</summary>
[Collection(ProcessWide.Name)]
public partial class PageSamplesTests
{
    public static TheoryData<string, int> Samples =>
        [.. Repository.Pages.SelectMany(static page => Fence().Matches(Repository.Read(page)).Select((_, index) => (page, index)))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_does_what_the_page_says(string page, int index)
    {
        string sample = Fence().Matches(Repository.Read(page))[index].Groups[1].Value;
        using var program = new MemoryStream();
        IReadOnlyList<string> diagnostics = SampleCompiler.CompileStatements(sample, program);
        if (Refusal().Match(sample) is { Success: true } refusal)
        {
            Assert.Contains(diagnostics, diagnostic => diagnostic.EndsWith($"error {refusal.Groups[1].Value}", StringComparison.Ordinal));
            return;
        }

        Assert.Empty(diagnostics);
        Assert.Equal(Shown().Matches(sample).Select(static shown => shown.Groups[1].Value), Run(program.ToArray()));
    }

    [Fact]
    public void There_are_samples_of_both_kinds()
    {
        string[] samples =
            [.. Repository.Pages.SelectMany(static page => Fence().Matches(Repository.Read(page)).Select(static match => match.Groups[1].Value))];
        Assert.Contains(samples, static sample => Refusal().IsMatch(sample));
        Assert.True(samples.Count(static sample => Shown().IsMatch(sample)) >= 5);
    }

    private static string[] Run(byte[] program)
    {
        TextWriter console = Console.Out;
        MethodInfo entry = Assembly.Load(program).EntryPoint!;

        // A page must not teach how to lose memory. A sample that does loses it in each run. A thread that an earlier test left may end
        // during one of the runs, and its buffers are counted then.
        const int Runs = 3;
        for (int run = 1; ; run++)
        {
            using var output = new StringWriter();
            long lost;
            try
            {
                Console.SetOut(output);
                lost = CountLost(entry);
            }
            finally
            {
                Console.SetOut(console);
            }

            if (lost == 0)
            {
                return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
            }

            Assert.True(run < Runs, $"{lost} buffers are lost.");
        }
    }

    private static long CountLost(MethodInfo entry)
    {
        Collector.Settle();
        NativeMemoryCache.Trim();
        long abandoned = EndedThreads.AbandonedCount;
        Exception? thrown = null;
        var thread = new Thread(
            () => thrown = Record.Exception(() => entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()])));
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
        NativeMemoryCache.Trim();
        return EndedThreads.AbandonedCount - abandoned;
    }

    [GeneratedRegex("^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("^// does not compile: (CS[0-9]{4})$", RegexOptions.Multiline)]
    private static partial Regex Refusal();

    /// <summary>A line that prints, with its output in a comment after it.</summary>
    [GeneratedRegex(@"Console\.WriteLine\(.*\);\s*// (.+)$", RegexOptions.Multiline)]
    private static partial Regex Shown();
}
