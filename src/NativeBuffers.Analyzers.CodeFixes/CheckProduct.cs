using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0008: multiplies in a <c>checked</c> expression.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class CheckProduct() : DocumentFix("NB0008", "Check the product")
{
    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model)
    {
        if (root.FindNode(context.Span, getInnermostNodeForTie: true) is not BinaryExpressionSyntax product)
        {
            return null;
        }

        // (nuint)(n * 4) needs its parentheses no more, but they do no harm.
        CheckedExpressionSyntax instead = SyntaxFactory
            .CheckedExpression(SyntaxKind.CheckedExpression, product.WithoutTrivia())
            .WithTriviaFrom(product);
        return root.ReplaceNode(product, instead);
    }
}
