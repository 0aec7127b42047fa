using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.TestKit;

/// <summary>The repository's own files, as the rules see them.</summary>
public static class Repository
{
    /// <summary>Weak: the trees are 40 MiB of small objects, and each full collection of the tests would look at all of them.</summary>
    private static readonly WeakReference<IReadOnlyList<(string Path, CompilationUnitSyntax Tree)>?> s_source = new(null);

    public static string Root { get; } = FindRoot();

    /// <summary>The libraries' source files, parsed. They are parsed again after a full collection.</summary>
    public static IReadOnlyList<(string Path, CompilationUnitSyntax Tree)> Source
    {
        get
        {
            lock (s_source)
            {
                if (!s_source.TryGetTarget(out IReadOnlyList<(string Path, CompilationUnitSyntax Tree)>? source))
                {
                    source =
                    [
                        .. Files("src", "*.cs").Select(static path => (path, CSharpSyntaxTree.ParseText(Read(path)).GetCompilationUnitRoot())),
                    ];
                    s_source.SetTarget(source);
                }

                return source;
            }
        }
    }

    /// <summary>The pages a user reads.</summary>
    public static IReadOnlyList<string> Pages { get; } = ["README.md", "CONTRIBUTING.md", "SECURITY.md", .. Files("docs", "*.md")];

    public static string Absolute(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(Absolute(path));

    /// <summary>A line of a file that the compiler named. A deterministic build calls the root <c>/_</c>, wherever it is.</summary>
    public static string SourceLine(string file, int line) =>
        File.ReadLines(file.StartsWith("/_/", StringComparison.Ordinal) ? Absolute(file[3..]) : file).ElementAt(line - 1);

    /// <summary>Files below a folder, relative to the root, without the output of builds.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Absolute(folder), pattern, SearchOption.AllDirectories)
            .Select(static path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(static path => !path.Split('/').Any(static part => part is "bin" or "obj" or "BenchmarkDotNet.Artifacts"))
            .Order(StringComparer.Ordinal);

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // A deterministic build rewrites the path of this file, so look upwards from the test program too.
        foreach (string start in new[] { Path.GetDirectoryName(here)!, AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "NativeBuffers.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new DirectoryNotFoundException("The tests look for NativeBuffers.sln above themselves.");
    }
}
