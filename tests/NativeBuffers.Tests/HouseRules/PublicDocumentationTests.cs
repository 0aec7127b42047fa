using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The XML file beside the assembly: the package contains it, and editors read it.</summary>
public class PublicDocumentationTests
{
    /// <summary>The compiler writes the IDs of these members without the function pointers, and finds no member by them.</summary>
    private static readonly string[] s_withFunctionPointers =
    [
        "NativeAllocator.FromFree(System.String,)",
        "NativeAllocator.FromFree(System.String,,)",
        "NativeAllocator.FromFunctions(System.String,,,)",
        "NativeAllocator.FromFunctions(System.String,,,,)",
        "`1.Release(@)",
        "NativeMemoryOwnerRelease.Release``1(NativeBuffers.NativeMemoryOwner{``0},@)",
    ];

    /// <summary>Of one test: later collections of garbage would look at all that it has read.</summary>
    private readonly CSharpCompilation _compilation = CSharpCompilation.Create(
        "documentation",
        references: ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(
            static path => MetadataReference.CreateFromFile(path)));

    private readonly HashSet<string> _entries =
    [
        .. XDocument.Load(Path.ChangeExtension(typeof(NativeAllocator).Assembly.Location, ".xml"))
            .Descendants("member")
            .Select(static member => member.Attribute("name")!.Value),
    ];

    [Fact]
    public void Every_entry_is_of_a_public_member() =>
        Assert.All(
            _entries.Where(static id => !s_withFunctionPointers.Any(end => id.EndsWith(end, StringComparison.Ordinal))),
            id => Assert.True(IsPublic(DocumentationCommentId.GetFirstSymbolForDeclarationId(id, _compilation)), id));

    [Fact]
    public void Every_public_member_has_an_entry()
    {
        INamespaceSymbol space = _compilation.GetTypeByMetadataName("NativeBuffers.NativeAllocator")!.ContainingNamespace;
        string[] missing =
        [
            .. from type in space.GetTypeMembers()
               from symbol in Members(type)
               where IsPublic(symbol) && !IsInherited(symbol)
               let id = symbol.GetDocumentationCommentId()
               where !_entries.Contains(id)
               select id,
        ];
        Assert.True(missing.Length == 0, string.Join('\n', missing));
    }

    private static IEnumerable<ISymbol> Members(INamedTypeSymbol type) =>
        type.GetMembers().Where(static member => member is not INamedTypeSymbol).Concat(type.GetTypeMembers().SelectMany(Members)).Append(type);

    private static bool IsPublic(ISymbol? symbol) =>
        symbol is INamespaceSymbol
        || (symbol?.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
            && IsPublic(symbol.ContainingSymbol));

    /// <summary>True if the compiler or a base type declares the member: editors show the comment of the base.</summary>
    private static bool IsInherited(ISymbol symbol) =>
        symbol.Name.StartsWith('<') // The compiler's type for an extension block.
        || symbol is { IsOverride: true } or IMethodSymbol { AssociatedSymbol: not null }
        || symbol.GetAttributes().Any(static attribute => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute")
        || symbol is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters: [] }
        || (symbol.ContainingType?.AllInterfaces.SelectMany(static type => type.GetMembers()).Any(
            member => SymbolEqualityComparer.Default.Equals(symbol.ContainingType.FindImplementationForInterfaceMember(member), symbol)) ?? false);
}
