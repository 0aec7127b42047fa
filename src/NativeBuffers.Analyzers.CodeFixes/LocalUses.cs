using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>The places of a member that name a local variable or a parameter.</summary>
internal static class LocalUses
{
    /// <summary>All names of the variable below a node.</summary>
    public static IEnumerable<IdentifierNameSyntax> Of(ISymbol variable, SyntaxNode within, SemanticModel model, CancellationToken cancellation) =>
        within.DescendantNodes().OfType<IdentifierNameSyntax>().Where(
            name => name.Identifier.Text == variable.Name
                && SymbolEqualityComparer.Default.Equals(model.GetSymbolInfo(name, cancellation).Symbol, variable));

    /// <summary>The member, or the program of statements, that a node is in.</summary>
    public static SyntaxNode MemberOf(SyntaxNode node) =>
        node.Ancestors().FirstOrDefault(static each => each is MemberDeclarationSyntax and not GlobalStatementSyntax) ?? node.SyntaxTree.GetRoot();

    /// <summary>True if a <c>using</c> variable may be used like this: it is neither assigned nor passed by reference.</summary>
    public static bool LeavesInPlace(IdentifierNameSyntax use) => use.Parent switch
    {
        AssignmentExpressionSyntax assignment => assignment.Left != use,
        ArgumentSyntax argument => argument.RefKindKeyword.Kind() is not (SyntaxKind.RefKeyword or SyntaxKind.OutKeyword),
        RefExpressionSyntax => false,
        _ => true,
    };

    /// <summary>True if the value itself goes to the caller or to another variable.</summary>
    public static bool GivesValue(IdentifierNameSyntax use) =>
        use.Parent is ReturnStatementSyntax or ArrowExpressionClauseSyntax or EqualsValueClauseSyntax
        || (use.Parent is AssignmentExpressionSyntax assignment && assignment.Right == use)
        || IsStored(use);

    /// <summary>True if a collection, a tuple or another object gets the value, and may hold it longer than a <c>using</c> variable lives.</summary>
    public static bool IsStored(ExpressionSyntax value) => value.Parent switch
    {
        ArgumentSyntax { Parent: TupleExpressionSyntax } or AnonymousObjectMemberDeclaratorSyntax or ExpressionElementSyntax => true,
        ArgumentSyntax { Parent.Parent: BaseObjectCreationExpressionSyntax } => true,
        ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Add" } } } => true,
        _ => false,
    };

    /// <summary>The name, with a number after it if the member uses it already.</summary>
    public static string FreeName(string wanted, SyntaxNode place)
    {
        HashSet<string> used =
            [.. MemberOf(place).DescendantTokens().Where(static token => token.IsKind(SyntaxKind.IdentifierToken)).Select(static token => token.Text)];
        string name = wanted;
        for (int number = 2; used.Contains(name); number++)
        {
            name = wanted + number;
        }

        return name;
    }
}
