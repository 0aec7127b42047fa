using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The rooms of the library: a folder is a namespace, and a room names only types of rooms below it. Tests have the same rooms.</summary>
[Slow]
public class RoomsTests
{
    /// <summary>The most files that may form one cycle of types.</summary>
    private const int LargestCycle = 12;

    /// <summary>The one file outside all rooms.</summary>
    private const string Usings = "Usings.cs";

    /// <summary>The namespaces that the SDK imports into every file.</summary>
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    /// <summary>The rooms, from the ground up.</summary>
    private static readonly string[] s_rooms =
    [
        "Annotations",
        "Primitives",
        "Platform.Shared", "Platform.Unix", "Platform.Linux", "Platform.MacOS", "Platform.Windows", "Platform",
        "Instrumentation",
        "Allocation", "Allocation.Budgets",
        "Blocks",
        "Blocks.Cache.Stores", "Blocks.Cache.Heaps", "Blocks.Cache.Paths", "Blocks.Cache.Trimming",
        "Blocks.Lifecycle", "Blocks.Handles", "Blocks.Stats",
        "Buffers", "Lists", "Arenas", "Regions",
        "Diagnostics", "Diagnostics.Tracking", "Diagnostics.Guards", "Diagnostics.Faults", "Diagnostics.Metrics", "Diagnostics.Startup",
        "Interop",
    ];

    /// <summary>The folders of tests that belong to no room: their subjects are common to many rooms, or need a program of their own.</summary>
    private static readonly string[] s_foldersOfTests =
    [
        "BigData", "CodeGen", "CompileFail", "Contracts", "Diagnostics.AheadOfTime", "HouseRules", "Interop.Page", "Models", "Races", "RealParts", "TestKit",
    ];

    /// <summary>The one door upwards: the catalogue of allocators lists the default one, which is built on blocks.</summary>
    private static readonly (string File, string Type)[] s_doors = [("Allocation/NativeAllocator.cs", "CachingAllocator")];

    /// <summary>
    /// A partial method without its other part, which <c>LibraryImport</c> and <c>GeneratedRegex</c> write; and the variables that the other part would
    /// assign.
    /// </summary>
    private static readonly string[] s_errorsWithoutGenerators = ["CS8795", "CS0165", "CS0170", "CS0177"];

    private static readonly IReadOnlyList<(string From, string To, string Type)> s_arrows = [.. FindArrows().Distinct()];

    [Fact]
    public void Every_room_is_known() =>
        Assert.Equal(
            s_rooms.Order(StringComparer.Ordinal),
            Sources().Select(static file => RoomOf(file)).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void A_folder_is_a_namespace_and_public_types_are_in_the_root() =>
        AssertNone(
            from file in Repository.Source
            where file.Path.StartsWith("src/NativeBuffers/", StringComparison.Ordinal) && file.Path != $"src/NativeBuffers/{Usings}"
            from space in file.Tree.Members.OfType<BaseNamespaceDeclarationSyntax>()
            let type = space.Members.OfType<MemberDeclarationSyntax>().First()
            let expected = type.Modifiers.Any(SyntaxKind.PublicKeyword) ? "NativeBuffers" : $"NativeBuffers.{RoomOf(file.Path["src/NativeBuffers/".Length..])}"
            where space.Name.ToString() != expected
            select $"{file.Path}: {space.Name} instead of {expected}");

    [Fact]
    public void Tests_have_the_rooms_of_the_library() =>
        AssertNone(
            from file in Repository.Files("tests/NativeBuffers.Tests", "*.cs")
            where !file.Contains("/CompileFail/Samples/", StringComparison.Ordinal) && !file.EndsWith($"/{Usings}", StringComparison.Ordinal)
            let room = RoomOf(file["tests/NativeBuffers.Tests/".Length..])
            let space = CSharpSyntaxTree.ParseText(Repository.Read(file)).GetCompilationUnitRoot().Members.OfType<BaseNamespaceDeclarationSyntax>().Single()
            where !(s_rooms.Contains(room) || s_foldersOfTests.Contains(room)) || space.Name.ToString() != $"NativeBuffers.Tests.{room}"
            select $"{file}: {space.Name}");

    [Fact]
    public void Arrows_between_rooms_run_down() =>
        AssertNone(
            from arrow in s_arrows
            where Array.IndexOf(s_rooms, RoomOf(arrow.To)) > Array.IndexOf(s_rooms, RoomOf(arrow.From))
            where !s_doors.Contains((arrow.From, arrow.Type))
            orderby arrow.From
            select $"{arrow.From} names {arrow.Type} of {RoomOf(arrow.To)}");

    [Fact]
    public void A_file_imports_no_room_above_its_own() =>
        AssertNone(
            from file in Repository.Source
            where file.Path.StartsWith("src/NativeBuffers/", StringComparison.Ordinal)
            let own = Array.IndexOf(s_rooms, RoomOf(file.Path["src/NativeBuffers/".Length..]))
            from import in file.Tree.Usings
            let room = Array.IndexOf(s_rooms, import.Name!.ToString().Replace("NativeBuffers.", "", StringComparison.Ordinal))
            where own >= 0 && room > own && !s_doors.Any(door => file.Path.EndsWith(door.File, StringComparison.Ordinal))
            select $"{file.Path} imports {import.Name}");

    [Fact]
    public void Every_door_is_used() =>
        AssertNone(
            from door in s_doors
            where !s_arrows.Any(arrow => (arrow.From, arrow.Type) == door)
            select door.ToString());

    [Fact]
    public void A_cycle_of_types_has_few_files()
    {
        ILookup<string, string> next = s_arrows
            .Where(static arrow => !s_doors.Contains((arrow.From, arrow.Type)))
            .ToLookup(static arrow => arrow.From, static arrow => arrow.To);
        AssertNone(
            Cycles(next).Where(static cycle => cycle.Count > LargestCycle).Select(
                static cycle => $"{cycle.Count}: {string.Join(" ", cycle.Order(StringComparer.Ordinal))}"));
    }

    private static void AssertNone(IEnumerable<string> offences)
    {
        string[] all = [.. offences];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    /// <summary>Groups of files that reach each other (Tarjan's strongly connected components).</summary>
    private static List<List<string>> Cycles(ILookup<string, string> next)
    {
        List<List<string>> cycles = [];
        Dictionary<string, (int Index, int Low)> seen = [];
        Stack<string> open = [];
        foreach (string file in Sources().Where(file => !seen.ContainsKey(file)))
        {
            _ = Visit(file);
        }

        return cycles;

        int Visit(string file)
        {
            int index = seen.Count;
            int low = index;
            seen[file] = (index, low);
            open.Push(file);
            foreach (string other in next[file])
            {
                low = !seen.TryGetValue(other, out (int Index, int Low) known) ? int.Min(low, Visit(other))
                    : open.Contains(other) ? int.Min(low, known.Index)
                    : low;
            }

            if (low == index)
            {
                List<string> cycle = [];
                do
                {
                    cycle.Add(open.Pop());
                }
                while (cycle[^1] != file);
                cycles.Add(cycle);
            }

            return low;
        }
    }

    /// <summary>Each type of another file that a file names, and that other file. The compiler resolves the names.</summary>
    private static IEnumerable<(string From, string To, string Type)> FindArrows()
    {
        var parsing = new CSharpParseOptions(LanguageVersion.Preview);
        SyntaxTree[] trees =
        [
            .. Sources().Select(file => CSharpSyntaxTree.ParseText(Repository.Read($"src/NativeBuffers/{file}"), parsing, file)),
            CSharpSyntaxTree.ParseText(Repository.Read($"src/NativeBuffers/{Usings}"), parsing, Usings),
            CSharpSyntaxTree.ParseText(ImplicitUsings, parsing),
        ];
        var compilation = CSharpCompilation.Create(
            "NativeBuffers",
            trees,
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Where(path => path.StartsWith(RuntimeEnvironment.GetRuntimeDirectory(), StringComparison.Ordinal))
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));

        // A name that the compiler does not find would be an arrow that no rule sees. Only parts that generators write may be missing.
        AssertNone(
            from problem in compilation.GetDiagnostics()
            where problem.Severity == DiagnosticSeverity.Error && !s_errorsWithoutGenerators.Contains(problem.Id)
            select problem.ToString());
        foreach (SyntaxTree tree in trees)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
            {
                ISymbol? symbol = name.FirstAncestorOrSelf<UsingDirectiveSyntax>() is null ? model.GetSymbolInfo(name).Symbol : null;
                INamedTypeSymbol? type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
                while (type?.ContainingType is { } outer)
                {
                    type = outer;
                }

                foreach (Location place in type?.Locations ?? [])
                {
                    if (place.SourceTree is { } declared && declared != tree)
                    {
                        yield return (tree.FilePath, declared.FilePath, type!.Name);
                    }
                }
            }
        }
    }

    private static IEnumerable<string> Sources() =>
        Repository.Files("src/NativeBuffers", "*.cs").Select(static path => path["src/NativeBuffers/".Length..]).Where(static file => file != Usings);

    private static string RoomOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/').Replace('/', '.');
}
