using System.Collections.Immutable;
using System.Composition;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0008: multiplies in a <c>checked</c> expression.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class CheckProduct : CodeFixProvider
{
    private const string Title = "Check the product";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["NB0008"];

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        if (await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false) is { } root
            && root.FindNode(context.Span, getInnermostNodeForTie: true) is BinaryExpressionSyntax product)
        {
            // (nuint)(n * 4) needs its parentheses no more, but they do no harm.
            CheckedExpressionSyntax instead = SyntaxFactory
                .CheckedExpression(SyntaxKind.CheckedExpression, product.WithoutTrivia())
                .WithTriviaFrom(product);
            context.RegisterCodeFix(
                CodeAction.Create(Title, _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(product, instead))), equivalenceKey: Title),
                context.Diagnostics);
        }
    }
}
