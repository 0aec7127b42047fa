using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The rules and the interpreter agree about random programs: see <see cref="Agreement"/>.</summary>
/// <remarks>
/// Set <c>NATIVEBUFFERS_ORACLE_PROGRAMS=100000</c> for a longer run, and <c>NATIVEBUFFERS_ORACLE_SEED</c> for other
/// programs. Without a seed the programs are the same in each run: the result of a build depends on its source alone.
/// </remarks>
[Trait("Speed", "Slow")]
public sealed class OracleTests
{
    private const int ProgramsInFile = 250;
    private const int MostShown = 5;

    private static readonly int s_count = Setting("NATIVEBUFFERS_ORACLE_PROGRAMS", 5000);

    private static readonly int s_seed = Setting("NATIVEBUFFERS_ORACLE_SEED", 1);

    [Fact]
    public async Task The_rules_agree_about_scoped_owners()
    {
        Tally tally = await CompareAsync(heap: false, s_count);
        Assert.True(tally is { Missed: 0, False: 0 }, tally.ToString());
    }

    /// <summary>Code outside the method may know a heap owner, so the rules may miss some of its mistakes.</summary>
    [Fact]
    public async Task The_rules_report_no_right_use_of_heap_owners_and_miss_few_mistakes()
    {
        Tally tally = await CompareAsync(heap: true, s_count / 5);
        Assert.True(tally.False == 0 && tally.Missed <= 0.02 * tally.Required, tally.ToString());
    }

    /// <summary>Otherwise the two tests above would say little.</summary>
    [Fact]
    public void Programs_show_each_kind_of_mistake_and_many_show_none()
    {
        Findings[] findings = [.. Enumerable.Range(0, 1000).Select(static seed => Interpreter.Run(Generator.Make(seed, seed % 4 == 0)))];
        Assert.All(
            Enum.GetValues<MistakeKind>().Except([MistakeKind.StaleCopy]), // After a copy, which is the first mistake.
            kind => Assert.True(findings.Count(found => found.Mistakes.Any(mistake => mistake.Kind == kind)) >= 3, kind.ToString()));
        Assert.InRange(findings.Count(static found => found.Mistakes.Count == 0), 300, 800);
        Assert.All(findings, static found => Assert.True(found.IsWhole));
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    private static async Task<Tally> CompareAsync(bool heap, int count)
    {
        var watch = Stopwatch.StartNew();
        var tally = new Tally { Seed = s_seed };
        Batch[] batches =
        [
            .. Enumerable.Range(0, (count + ProgramsInFile - 1) / ProgramsInFile).Select(batch => new Batch(s_seed + (batch * ProgramsInFile), heap)),
        ];
        await Parallel.ForEachAsync(
            batches,
            TestContext.Current.CancellationToken,
            async (batch, _) => batch.Compare(await OracleCompiler.ReportsAsync(batch.Print())));
        List<(int Seed, Verdict Verdict)> wrong = [];
        foreach ((int seed, Verdict verdict) in batches.SelectMany(static batch => batch.Verdicts))
        {
            tally.Programs++;
            tally.Required += verdict.Required;
            tally.Missed += verdict.Missed.Count;
            tally.False += verdict.False.Count;
            tally.Unjudged += verdict.Unjudged;
            if (!verdict.Agrees)
            {
                wrong.Add((seed, verdict));
            }
        }

        foreach ((int seed, _) in wrong.OrderBy(static entry => entry.Verdict.Missed.Count + entry.Verdict.False.Count).Take(MostShown))
        {
            tally.Examples.Append(await ExampleAsync(seed, heap));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{tally.Summary} in {watch.Elapsed.TotalSeconds:0.0} s");
        return tally;
    }

    private static async Task<string> ExampleAsync(int seed, bool heap)
    {
        OracleProgram program = Generator.Make(seed, heap);
        await Shrinker.ShrinkAsync(program, static async smaller => await CompareAsync(smaller) is { Agrees: false });
        Verdict verdict = (await CompareAsync(program))!;
        return $"\nseed {seed}: {string.Join("; ", [.. verdict.Missed, .. verdict.False])}\n{Numbered(Printer.PrintOne(program))}";
    }

    /// <summary>Null if the compiler refuses the program.</summary>
    private static async Task<Verdict?> CompareAsync(OracleProgram program)
    {
        var printer = new Printer();
        printer.Print(program, "Program");
        if (OracleCompiler.Errors(printer.Text).Count > 0 || !Interpreter.CanRun(program))
        {
            return null;
        }

        return Agreement.Compare(Interpreter.Run(program), printer.Lines, await OracleCompiler.ReportsAsync(printer.Text));
    }

    private static string Numbered(string text) =>
        string.Join('\n', text.Split('\n').Index().Skip(14).Select(static line => $"{line.Index + 1,4} {line.Item}"));

    /// <summary>Programs of one file.</summary>
    private sealed class Batch(int firstSeed, bool heap)
    {
        private readonly List<(int Seed, Findings Findings, int First, int End)> _programs = [];
        private readonly Printer _printer = new();

        public IReadOnlyList<(int Seed, Verdict Verdict)> Verdicts { get; private set; } = [];

        public string Print()
        {
            for (int seed = firstSeed; seed < firstSeed + ProgramsInFile; seed++)
            {
                OracleProgram program = Generator.Make(seed, heap);
                int first = _printer.NextLine;
                _printer.Print(program, $"Program{seed - firstSeed}");
                _programs.Add((seed, Interpreter.Run(program), first, _printer.NextLine));
            }

            return _printer.Text;
        }

        public void Compare(IReadOnlyList<(int Line, string Id)> reports) =>
            Verdicts =
            [
                .. _programs.Select(
                    program => (
                        program.Seed,
                        Agreement.Compare(
                            program.Findings, _printer.Lines, [.. reports.Where(report => report.Line >= program.First && report.Line < program.End)]))),
            ];
    }

    private sealed class Tally
    {
        public int Seed { get; init; }

        public int Programs { get; set; }

        public int Required { get; set; }

        public int Missed { get; set; }

        public int False { get; set; }

        public int Unjudged { get; set; }

        public StringBuilder Examples { get; } = new();

        public string Summary => $"seed {Seed}: {Programs} programs, {Required} mistakes, {Missed} missed, {False} false, {Unjudged} not judged";

        public override string ToString() => $"{Summary}{Examples}";
    }
}
