using System.Composition;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0003: removes the second disposal.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class RemoveDisposal() : DocumentFix("NB0003", "Remove the second disposal")
{
    private static readonly SyntaxAnnotation s_removed = new();

    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model)
    {
        // Only a statement of a block: after 'if (x) b.Dispose();' nothing may remain.
        ExpressionStatementSyntax? statement = root.FindNode(context.Span).FirstAncestorOrSelf<ExpressionStatementSyntax>();
        return statement?.Parent switch
        {
            BlockSyntax => Remove(root, statement),
            GlobalStatementSyntax global => Remove(root, global),
            _ => null,
        };
    }

    /// <summary>Comments and directives before the statement stay: they may belong to other lines, too.</summary>
    private static SyntaxNode? Remove(SyntaxNode root, SyntaxNode statement)
    {
        SyntaxTriviaList before = statement.GetLeadingTrivia();
        int last = before.Count;
        while (last > 0 && before[last - 1].IsKind(SyntaxKind.WhitespaceTrivia))
        {
            last--;
        }

        bool isBare = before.All(static trivia => trivia.IsKind(SyntaxKind.WhitespaceTrivia) || trivia.IsKind(SyntaxKind.EndOfLineTrivia));
        return isBare
            ? root.RemoveNode(statement, SyntaxRemoveOptions.KeepNoTrivia)
            : RemoveMarked(root.ReplaceNode(statement, statement.WithLeadingTrivia(before.Take(last)).WithAdditionalAnnotations(s_removed)));
    }

    private static SyntaxNode? RemoveMarked(SyntaxNode root) => root.RemoveNode(
        root.GetAnnotatedNodes(s_removed).First(), SyntaxRemoveOptions.KeepLeadingTrivia | SyntaxRemoveOptions.KeepUnbalancedDirectives);
}
