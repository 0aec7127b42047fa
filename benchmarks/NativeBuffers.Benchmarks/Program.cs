using System.Globalization;
using NativeBuffers.Benchmarks;
using NativeBuffers.Benchmarks.Collections;
using NativeBuffers.Benchmarks.Many;
using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Scale;
using NativeBuffers.Benchmarks.Targets;

switch (args)
{
    case [] or ["--help" or "-h" or "-?"]:
        Console.WriteLine(Usage.Text);
        return 0;

    case ["targets", ..]:
        return TargetsCommand.Run(args);

    case ["scale", ..]:
        return ScaleCommand.Run(args);

    case ["many", ..]:
        return ManyCommand.Run(args);

    // Started by these verbs, not by people.
    case [FirstBuffer.Verb, string kind]:
        FirstBuffer.RunChild(kind);
        return 0;

    case [ListGrowth.Verb, string listKind] when ListGrowth.Kinds.ContainsKey(listKind):
        ListGrowth.RunChild(listKind);
        return 0;

    case [TrackedBuffers.Verb]:
        TrackedBuffers.RunChild();
        return 0;

    case [CheckedLoop.Verb, string size]:
        CheckedLoop.RunChild(int.Parse(size, CultureInfo.InvariantCulture));
        return 0;

    case [MixedBuffers.Verb]:
        MixedBuffers.RunChild();
        return 0;

    case [PayloadMemory.Verb, string blockKind, string size]:
        PayloadMemory.RunChild(blockKind, int.Parse(size, CultureInfo.InvariantCulture));
        return 0;

    case [LiveOwners.Verb, string ownerKind]:
        LiveOwners.RunChild(ownerKind);
        return 0;

    case [ScaleRow.Verb, string threads]:
        ScaleRow.RunChild(int.Parse(threads, CultureInfo.InvariantCulture));
        return 0;

    case [string word, ..] when !word.StartsWith('-'):
        Console.Error.WriteLine($"Unknown word '{word}': there are the verbs 'targets', 'scale' and 'many', and the options of BenchmarkDotNet; try --help.");
        return 2;

    default:
        if (Suites.MistakeIn(args) is string mistake)
        {
            Console.Error.WriteLine(mistake);
            return 2;
        }

        return Suites.Run(args) ? 0 : 1;
}
