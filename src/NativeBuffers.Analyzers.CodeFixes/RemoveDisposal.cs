using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0003: removes the second disposal.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class RemoveDisposal() : DocumentFix("NB0003", "Remove the second disposal")
{
    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model)
    {
        // Only a statement of a block: after 'if (x) b.Dispose();' nothing may remain.
        ExpressionStatementSyntax? statement = root.FindNode(context.Span).FirstAncestorOrSelf<ExpressionStatementSyntax>();
        return statement?.Parent switch
        {
            BlockSyntax => root.RemoveNode(statement, SyntaxRemoveOptions.KeepNoTrivia),
            GlobalStatementSyntax global => root.RemoveNode(global, SyntaxRemoveOptions.KeepNoTrivia),
            _ => null,
        };
    }
}
