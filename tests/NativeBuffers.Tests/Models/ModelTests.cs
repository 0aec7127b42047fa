using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.Models;

/// <summary>The models of the lock-free protocols, checked by spin: each model has no error, and each mutation of it has one.</summary>
[Slow]
public partial class ModelTests
{
    /// <summary>For the C compiler.</summary>
    private const string Options = "-w -DSAFETY -DMEMLIM=1500 -o pan pan.c";

    /// <summary>The models with millions of states.</summary>
    private static readonly string[] s_large = ["close.pml", "pin.pml", "pools.pml"];

    /// <summary>Millions of states fit into memory when they are collapsed, which takes a third of the time of a smaller search.</summary>
    private const string Collapsed = "-DCOLLAPSE";

    /// <summary>gcc optimizes the search through millions of states, which is most of the time then.</summary>
    /// <remarks>The steps and their table are as long as the model. To optimize them takes longer than it saves.</remarks>
    private const string Optimizing =
        """sed -i -E -e 's/^(do_transit|do_reverse)\(/__attribute__((optimize("O0"))) &/' """
        + """-e 's/^#include TRANSITIONS$/#pragma GCC push_options\n#pragma GCC optimize("O0")\n&\n#pragma GCC pop_options/' """
        + "pan.c && gcc -O1";

    /// <summary>The search ends at the error. Backwards it comes after half of the states, on average.</summary>
    private const string Mutated = "-DREVERSE -DT_REVERSE";

    /// <summary>The deepest search and the size of the table of states, as a power of two. Both only take memory.</summary>
    private const string Check = "nice -n 4 ./pan -m200000";

    [Fact]
    public async Task Every_model_is_without_error_and_every_mutation_of_it_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell's commands are those of Linux.");
        string[] missing = [.. new[] { "spin", "gcc" }.Where(static tool => !IsInstalled(tool))];
        Assert.SkipWhen(missing.Length > 0, $"Not installed: {string.Join(", ", missing)}. 'apt-get install spin gcc libc6-dev' installs them.");

        // The longest first.
        (Model Model, string[] Flags, bool HasError)[] all =
        [
            .. Model.All.SelectMany(static model => model.Runs.Select(flags => (model, flags, false))),
            .. Model.All.SelectMany(static model => model.Mutations.Select(flags => (model, flags, true))),
        ];
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var wrong = new List<string>();
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            async (run, _) =>
            {
                string name = $"{run.Model.Name} {string.Join(' ', run.Flags)}".TrimEnd();
                (string summary, string? fault) = await RunAsync(run.Model, run.Flags, run.HasError);
                lock (lines)
                {
                    lines.Add(name, $"{name,-50} {summary}");
                    if (fault is not null)
                    {
                        wrong.Add($"{name}: {fault}");
                    }
                }
            });

        string table = string.Create(
            CultureInfo.InvariantCulture, $"{string.Join('\n', lines.Values)}\n{all.Length} runs in {watch.Elapsed.TotalSeconds:F0} s");
        TestContext.Current.TestOutputHelper!.WriteLine(table);
        Assert.True(wrong.Count == 0, $"{string.Join('\n', wrong)}\n\n{table}");
    }

    /// <remarks>Where the search is short, the compiler counts most: tcc takes hundredths of a second, gcc seconds.</remarks>
    private static string Compiler(Model model, bool hasError) =>
        !hasError && s_large.Contains(model.Name)
            ? $"{Optimizing} {Collapsed}"
            : (IsInstalled("tcc") ? "tcc" : "gcc -O0") + (hasError ? $" {Mutated}" : "");

    private static bool IsInstalled(string tool) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));

    /// <summary>Runs a model.</summary>
    /// <returns>Its result in one line, and the reason if the result is wrong.</returns>
    private static async Task<(string Summary, string? Fault)> RunAsync(Model model, string[] flags, bool hasError)
    {
        using var folder = new TemporaryFolder();
        var command = new StringBuilder($"cd '{Path.GetDirectoryName(folder.File())}' && spin -a");
        foreach (string flag in flags)
        {
            command.Append(CultureInfo.InvariantCulture, $" -D{flag}");
        }

        command.Append(CultureInfo.InvariantCulture, $" '{Repository.Absolute($"{Model.Folder}/{model.Name}")}' && {Compiler(model, hasError)} {Options}");
        command.Append(CultureInfo.InvariantCulture, $" && {Check} -w{(hasError ? 22 : 24)}");
        var watch = Stopwatch.StartNew();
        ChildResult result = await ChildProcess.RunAsync("/bin/sh", ["-c", command.ToString()]);
        Match states = States().Match(result.Output);
        bool isComplete = states.Success && !result.Output.Contains("too small", StringComparison.Ordinal)
            && !result.Output.Contains("out of memory", StringComparison.Ordinal) && !result.Output.Contains("MEMLIM", StringComparison.Ordinal);
        if (!isComplete)
        {
            return ("did not end", $"{command}\n{result.Output}\n{result.Errors}");
        }

        Match error = Error().Match(result.Output);
        string summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{states.Groups[1].Value,10} states {watch.Elapsed.TotalSeconds,5:F1} s  {(error.Success ? error.Value : "no error")}");
        bool found = !result.Output.Contains("errors: 0", StringComparison.Ordinal);
        return (summary, found == hasError && found == error.Success ? null : hasError ? "the mutation has no error" : $"{summary}\n{command}");
    }

    [GeneratedRegex(@"(\d+) states, stored")]
    private static partial Regex States();

    [GeneratedRegex(@"assertion violated.*?(?=\(at depth)|invalid end state(?= \(at depth)")]
    private static partial Regex Error();
}
