using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>An unsafe member says what its caller promises. IntelliSense does not show <c>safety</c>, so a public member says it in its remarks.</summary>
public class SafetyContractsTests
{
    private static IEnumerable<(string Path, MemberDeclarationSyntax Member, string Comment)> UnsafeMembers =>
        from file in Repository.Source
        from member in file.Tree.DescendantNodes().OfType<MemberDeclarationSyntax>()
        where member is BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax or DelegateDeclarationSyntax
        where member.Modifiers.Any(SyntaxKind.UnsafeKeyword)
        select (file.Path, member, CommentOf(member));

    [Fact]
    public void Every_unsafe_member_states_its_contract_or_inherits_one() =>
        AssertNone(
            from member in UnsafeMembers
            where !Says(member.Comment, "<safety>") && !Says(member.Comment, "Safety:") && !Inherits(member.Comment)
            where !member.Member.Ancestors().OfType<TypeDeclarationSyntax>().Any(static type => Says(CommentOf(type), "safety"))
            select Place(member.Path, member.Member));

    [Fact]
    public void A_public_unsafe_member_states_its_contract_where_editors_show_it() =>
        AssertNone(
            from member in UnsafeMembers
            where member.Member.Ancestors().OfType<TypeDeclarationSyntax>().Prepend<MemberDeclarationSyntax>(member.Member).All(IsVisible)
            where !Says(member.Comment, "Safety:") && !Says(member.Comment, "<exception") && !Inherits(member.Comment)
            select Place(member.Path, member.Member));

    [Theory]
    [InlineData("/// <inheritdoc/>", true)]
    [InlineData("/// <inheritdoc cref=\"Free\" path=\"/param|/safety\"/>", true)]
    [InlineData("/// <inheritdoc cref=\"Free\" path=\"/remarks\"/>", true)]
    [InlineData("/// <inheritdoc cref=\"Free\" path=\"/exception\"/>", false)]
    [InlineData("/// <summary>Frees a block.</summary>", false)]
    public void A_contract_is_inherited_with_the_remarks_or_the_contract(string comment, bool isInherited) =>
        Assert.Equal(isInherited, Inherits(comment));

    private static bool IsVisible(MemberDeclarationSyntax member) =>
        member.Modifiers.Any(SyntaxKind.PublicKeyword)
        || (member.Modifiers.Any(SyntaxKind.ProtectedKeyword) && !member.Modifiers.Any(SyntaxKind.PrivateKeyword));

    private static string CommentOf(MemberDeclarationSyntax member) => member.GetLeadingTrivia().ToFullString();

    private static bool Says(string comment, string text) => comment.Contains(text, StringComparison.Ordinal);

    /// <summary>True if a member has the contract of another one: all of its comment, or the part with the remarks or the contract.</summary>
    internal static bool Inherits(string comment) =>
        comment.Split('\n').Any(
            static line => Says(line, "<inheritdoc")
                && (!Says(line, "path=") || Says(line, "remarks") || Says(line, "safety")));

    private static string Place(string path, MemberDeclarationSyntax member) =>
        $"{path}({member.GetLocation().GetLineSpan().StartLinePosition.Line + 1}): {member.ToString().Split('\n')[0]}";

    private static void AssertNone(IEnumerable<string> offences)
    {
        string[] all = [.. offences];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
