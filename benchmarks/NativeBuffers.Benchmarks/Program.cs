using BenchmarkDotNet.Running;
using NativeBuffers.Benchmarks;
using NativeBuffers.Benchmarks.Targets;

string[] answeredWithoutRunning = ["--list", "--info", "--version"];

switch (args)
{
    case [] or ["--help" or "-h" or "-?"]:
        Console.WriteLine(Usage.Text);
        return 0;

    case ["targets", .. string[] rest]:
        return TargetsCommand.Run(rest);

    case [string word, ..] when !word.StartsWith('-'):
        Console.Error.WriteLine($"Unknown word '{word}': there is the verb 'targets', and the options of BenchmarkDotNet; try --help.");
        return 2;

    default:
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(Usage).Assembly).Run(args, SuiteConfig.Instance).ToList();
        bool isAnswered = summaries.Count > 0 || args.Any(answeredWithoutRunning.Contains);
        return isAnswered && !summaries.Any(static s => s.HasCriticalValidationErrors || s.Reports.Any(static r => !r.Success)) ? 0 : 1;
}
