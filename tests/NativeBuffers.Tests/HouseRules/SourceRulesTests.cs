using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Allocation;
using NativeBuffers.Diagnostics.Faults;
using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Diagnostics.Metrics;
using NativeBuffers.Diagnostics.Startup;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The rules that the library's source keeps.</summary>
public class SourceRulesTests
{
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
    public void Every_unsafe_member_states_the_promise_of_its_callers() =>
        AssertNone(
            from file in Repository.Source
            where !file.Path.Contains("/Platform/", StringComparison.Ordinal) // Stated once, at the top of the border.
            from member in file.Tree.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            where member.Modifiers.Any(SyntaxKind.UnsafeKeyword)
            where !member.Modifiers.Any(SyntaxKind.OverrideKeyword) && !member.Modifiers.Any(SyntaxKind.PrivateKeyword)
            where !(member.Parent is TypeDeclarationSyntax { BaseList: not null } && file.Path.Contains("/Allocation/", StringComparison.Ordinal))
            let comment = member.GetLeadingTrivia().ToFullString()
            where !new[] { "<safety>", "Safety: " }.Any(sign => comment.Contains(sign, StringComparison.Ordinal)) && !SafetyContractsTests.Inherits(comment)
            select $"{file.Path}: {member.ToString().Split('\n')[0]}");

    [Fact]
    public void A_file_is_named_after_its_type_and_holds_one_idea() =>
        AssertNone(
            from file in Repository.Source
            where file.Path != "src/NativeBuffers/Usings.cs"
            let types =
                file.Tree.Members.OfType<BaseNamespaceDeclarationSyntax>().SelectMany(static space => space.Members).OfType<MemberDeclarationSyntax>().ToList()
            let name = Path.GetFileNameWithoutExtension(file.Path).Split('{')[0]
            where types.Count != 1
                || (types[0] as BaseTypeDeclarationSyntax)?.Identifier.Text != name
                || (name.EndsWith("Helper", StringComparison.Ordinal) && name != "ThrowHelper") // The name of the field.
                || name.EndsWith("Utils", StringComparison.Ordinal)
                || file.Tree.GetText().Lines.Count > 400
            select file.Path);

    [Fact]
    public void Nothing_is_left_open() =>
        AssertNone(
            from file in Repository.Source
            from word in new[] { "TODO", "FIXME", "HACK", "NotImplementedException", "Thread.Sleep" }
            where file.Tree.ToFullString().Contains(word, StringComparison.Ordinal)
            where (file.Path, word) is not ("src/NativeBuffers/Primitives/Backoff.cs", "Thread.Sleep")
            select $"{file.Path}: {word}");

    private static void AssertNone(IEnumerable<string> offences)
    {
        string[] all = [.. offences.Distinct()];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
