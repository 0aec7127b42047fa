using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.Models;

/// <summary>One file of <c>tests/Models</c>: a protocol, how it is run, and the mutations that must turn it red.</summary>
/// <param name="Name">The name of the file.</param>
/// <param name="Runs">The runs that find no error, each with its flags.</param>
/// <param name="Mutations">The runs that find an error, each with its flags.</param>
internal sealed partial record Model(string Name, IReadOnlyList<string[]> Runs, IReadOnlyList<string[]> Mutations)
{
    public const string Folder = "tests/Models";

    public static IReadOnlyList<Model> All { get; } = [.. Repository.Files(Folder, "*.pml").Select(Parse)];

    /// <summary>The text of all models, with the files that they include.</summary>
    public static string Text { get; } =
        string.Join('\n', Repository.Files(Folder, "*.pml").Concat(Repository.Files(Folder, "*.h")).Select(Repository.Read));

    private static Model Parse(string path)
    {
        string header = Repository.Read(path).Split("*/")[0];
        string[] parts = header.Split("\nRuns:\n")[1].Split("\nMutations:\n");
        return new(
            Path.GetFileName(path),
            [.. parts[0].Split('\n').Select(static line => Line().Match(line)).Where(static line => line.Success).Select(Flags)],
            [.. parts[1].Split('\n').Select(static line => Mutation().Match(line)).Where(static line => line.Success).Select(Flags)]);
    }

    private static string[] Flags(Match line) => line.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A run: its name, and the flags after the colon.</summary>
    [GeneratedRegex(@"^  \w+:([ A-Z_]*)$")]
    private static partial Regex Line();

    /// <summary>A mutation: its flags, then a description.</summary>
    [GeneratedRegex(@"^  ([A-Z_]+(?: [A-Z_]+)*): \w")]
    private static partial Regex Mutation();
}
