using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The rules that the library's source keeps.</summary>
public class SourceRulesTests
{
    /// <summary>The rooms from the ground up: a file names no type of a room above its own.</summary>
    private static readonly string[] s_rooms = ["Os", "Raw", "Allocators", "Watching", "Caches", "Lifetimes", "Owners", "Pools", "Collections", "Arenas", "Regions", "Diagnostics", "Handles"];

    [Fact]
    public void No_type_is_unsafe_as_a_whole() =>
        AssertNone(
            from file in Repository.Source
            from type in file.Tree.DescendantNodes().OfType<TypeDeclarationSyntax>()
            where type.Modifiers.Any(SyntaxKind.UnsafeKeyword)
            select $"{file.Path}: {type.Identifier}");

    [Fact]
    public void Every_unsafe_block_says_why_it_is_safe() =>
        AssertNone(
            from file in Repository.Source
            from block in file.Tree.DescendantNodes().OfType<UnsafeStatementSyntax>()
            let first = block.Block.Statements.FirstOrDefault()
            where first is null || !first.GetLeadingTrivia().ToFullString().Contains("SAFETY: ", StringComparison.Ordinal)
            select $"{file.Path}: line {block.GetLocation().GetLineSpan().StartLinePosition.Line + 1}");

    [Fact]
    public void Every_unsafe_member_that_others_call_says_what_they_promise() =>
        AssertNone(
            from file in Repository.Source
            where !file.Path.Contains("/Os/", StringComparison.Ordinal) // Stated once, at the top of the border.
            from member in file.Tree.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            where member.Modifiers.Any(SyntaxKind.UnsafeKeyword)
            where !member.Modifiers.Any(SyntaxKind.OverrideKeyword) && !member.Modifiers.Any(SyntaxKind.PrivateKeyword)
            where !(member.Parent is TypeDeclarationSyntax { BaseList: not null } && file.Path.Contains("/Allocators/", StringComparison.Ordinal))
            let comment = member.GetLeadingTrivia().ToFullString()
            where !comment.Contains("<safety>", StringComparison.Ordinal) && !comment.Contains("/safety", StringComparison.Ordinal)
            select $"{file.Path}: {member.ToString().Split('\n')[0]}");

    [Fact]
    public void Arrows_between_rooms_run_down()
    {
        Dictionary<string, string> roomOfType = [];
        foreach ((string path, CompilationUnitSyntax tree) in Repository.Source.Where(static file => RoomOf(file.Path) is not null))
        {
            foreach (BaseTypeDeclarationSyntax type in tree.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
            {
                roomOfType[type.Identifier.Text] = RoomOf(path)!;
            }
        }

        // The doors upwards: the list of allocators names the default one, which is built on caches, and those that stand in
        // front of others; who watches the process is known to those who ask whether anybody does; and the first cache brings
        // the meter into being.
        (string, string)[] doors =
        [
            .. new[] { "CachingAllocator", "TrackingAllocator", "GuardedAllocators", "FaultyAllocator", "FaultPlan", "Watch" }
                .Select(static name => ("src/NativeBuffers/Allocators/NativeAllocator.cs", name)),
            ("src/NativeBuffers/Watching/Watch.cs", "ProcessWatch"),
            ("src/NativeBuffers/Caches/ThreadCache.cs", "NativeMetrics"),
        ];
        AssertNone(
            from file in Repository.Source
            let room = RoomOf(file.Path)
            where room is not null
            from name in file.Tree.DescendantNodes().OfType<SimpleNameSyntax>()
            where name.FirstAncestorOrSelf<UsingDirectiveSyntax>() is null && name.Parent is not NameColonSyntax
            let text = name.Identifier.Text
            where roomOfType.TryGetValue(text, out string? other) && Array.IndexOf(s_rooms, other) > Array.IndexOf(s_rooms, room)
            where name.Parent is not MemberAccessExpressionSyntax access || access.Expression == name
            where !doors.Contains((file.Path, text))
            select $"{file.Path} names {text}");
    }

    [Fact]
    public void Every_room_is_known() =>
        Assert.Equal(
            s_rooms.Order(StringComparer.Ordinal),
            Directory.EnumerateDirectories(Repository.Absolute("src/NativeBuffers"))
                .Select(static path => Path.GetFileName(path)!)
                .Where(static name => name is not ("bin" or "obj"))
                .Order(StringComparer.Ordinal));

    [Fact]
    public void A_file_is_named_after_its_type_and_holds_one_idea() =>
        AssertNone(
            from file in Repository.Source
            let types = file.Tree.Members.OfType<BaseNamespaceDeclarationSyntax>().SelectMany(static space => space.Members).OfType<MemberDeclarationSyntax>().ToList()
            let name = Path.GetFileNameWithoutExtension(file.Path).Split('{')[0]
            where types.Count != 1
                || (types[0] as BaseTypeDeclarationSyntax)?.Identifier.Text != name
                || name.EndsWith("Helper", StringComparison.Ordinal)
                || name.EndsWith("Utils", StringComparison.Ordinal)
                || file.Tree.GetText().Lines.Count > 400
            select file.Path);

    [Fact]
    public void Nothing_is_left_open() =>
        AssertNone(
            from file in Repository.Source
            from word in new[] { "TODO", "FIXME", "HACK", "NotImplementedException", "Thread.Sleep" }
            where file.Tree.ToFullString().Contains(word, StringComparison.Ordinal)
            where (file.Path, word) is not ("src/NativeBuffers/Allocators/Backoff.cs", "Thread.Sleep")
            select $"{file.Path}: {word}");

    private static string? RoomOf(string path)
    {
        string[] parts = path.Split('/');
        return parts is ["src", "NativeBuffers", var room, _, ..] ? room : null;
    }

    private static void AssertNone(IEnumerable<string> offences) => Assert.Empty(offences.Distinct());
}
