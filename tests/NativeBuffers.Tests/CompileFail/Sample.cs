using System.Reflection;
using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.CompileFail;

/// <summary>A small program, and the diagnostics that the compiler must report for it.</summary>
/// <remarks>
/// The program itself has the expected diagnostics, in a comment on the line of each: <c>// error CS8352</c>, or
/// <c>// error CS8166, error CS8352</c>. A program without such comments must compile without a warning.
/// </remarks>
/// <param name="Name">The file's folder and name.</param>
/// <param name="Text">The program.</param>
internal sealed partial record Sample(string Name, string Text)
{
    private static readonly Assembly s_assembly = typeof(Sample).Assembly;

    /// <summary>The expected diagnostics, in the form of <see cref="SampleCompiler.Compile"/>.</summary>
    public IReadOnlyList<string> Expected =>
    [
        .. Text.ReplaceLineEndings("\n").Split('\n').Index().SelectMany(
            line => Marker().Matches(line.Item).Select(match => $"line {line.Index + 1}: {match.Groups[1]}")),
    ];

    /// <summary>The names of the samples in a folder beside this file.</summary>
    public static IEnumerable<string> NamesIn(string folder) =>
        s_assembly.GetManifestResourceNames()
            .Select(name => name.Replace('\\', '/'))
            .Where(name => name.StartsWith($"{folder}/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    public static Sample Load(string name)
    {
        string resource = s_assembly.GetManifestResourceNames().Single(each => each.Replace('\\', '/') == name);
        using var reader = new StreamReader(s_assembly.GetManifestResourceStream(resource)!);
        return new Sample(name, reader.ReadToEnd());
    }

    [GeneratedRegex("(?<=//.*)((?:error|warning) CS[0-9]{4})")]
    private static partial Regex Marker();
}
