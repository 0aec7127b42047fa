using System.Collections.Immutable;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>A fix of one rule that changes the document of the report, and nothing else.</summary>
/// <param name="id">The rule.</param>
/// <param name="title">The words that the editor shows.</param>
public abstract class DocumentFix(string id, string title) : CodeFixProvider
{
    /// <inheritdoc/>
    public sealed override ImmutableArray<string> FixableDiagnosticIds { get; } = [id];

    /// <inheritdoc/>
    public sealed override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        SyntaxNode? root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        SemanticModel? model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        if (root is not null && model is not null && Fix(context, root, model) is { } changed)
        {
            context.RegisterCodeFix(
                CodeAction.Create(title, _ => Task.FromResult(context.Document.WithSyntaxRoot(changed)), equivalenceKey: title), context.Diagnostics);
        }
    }

    /// <summary>The changed document; null if the fix does not apply.</summary>
    protected abstract SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model);
}
