using System.Reflection;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.TestKit;

/// <summary>The XML file beside an assembly: its package contains it, and editors read it.</summary>
public static class PublicDocumentation
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

    /// <summary>Entries of members that are not public, and public members without an entry.</summary>
    public static IReadOnlyList<string> FindOffences(Assembly assembly)
    {
        // Of this call: later collections of garbage would look at all that it has read.
        var compilation = CSharpCompilation.Create(
            "documentation",
            references: ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(
                static path => MetadataReference.CreateFromFile(path)));
        HashSet<string> entries =
        [
            .. XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member").Select(static member => member.Attribute("name")!.Value),
        ];
        return
        [
            .. from id in entries
               where !s_withFunctionPointers.Any(end => id.EndsWith(end, StringComparison.Ordinal))
               where !IsPublic(DocumentationCommentId.GetFirstSymbolForDeclarationId(id, compilation))
               select $"{id}: not public",
            .. from exported in assembly.GetExportedTypes()
               where exported.DeclaringType is null
               from symbol in Members(compilation.GetTypeByMetadataName(exported.FullName!)!)
               where IsPublic(symbol) && !IsInherited(symbol)
               let id = symbol.GetDocumentationCommentId()
               where !entries.Contains(id)
               select $"{id}: no entry",
        ];
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
