using System.Composition;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0010: declares an owner with <c>using</c>, and removes the free and its <c>finally</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class ReplaceByOwner() : DocumentFix("NB0010", "Let an owner free the memory")
{
    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model)
    {
        if (Find(root.FindNode(context.Span, getInnermostNodeForTie: true)) is not { } found)
        {
            return null;
        }

        StatementSyntax[]? owner = OwnerSyntax.Declare(found.Call, found.Declaration, model, SyntaxGenerator.GetGenerator(context.Document));
        ExpressionStatementSyntax[]? frees = FindFrees(found.Block, found.Declaration.Declaration.Variables[0], model, context.CancellationToken);
        if (owner is null || frees is null)
        {
            return null;
        }

        SyntaxNode changed = new FreeRemover(found.Declaration, owner, frees).Visit(found.Block).WithAdditionalAnnotations(Formatter.Annotation);
        return root.ReplaceNode(found.Block, changed);
    }

    private static (InvocationExpressionSyntax Call, LocalDeclarationStatementSyntax Declaration, BlockSyntax Block)? Find(SyntaxNode node) =>
        node.FirstAncestorOrSelf<InvocationExpressionSyntax>() is { } call
            && call.FirstAncestorOrSelf<LocalDeclarationStatementSyntax>() is { Parent: BlockSyntax block, Declaration.Variables.Count: 1 } declaration
            ? (call, declaration, block)
            : null;

    /// <summary>The statements that free the variable; null if one of the frees is not a statement of a block.</summary>
    private static ExpressionStatementSyntax[]? FindFrees(
        BlockSyntax block, VariableDeclaratorSyntax variable, SemanticModel model, CancellationToken cancellation)
    {
        ISymbol? local = model.GetDeclaredSymbol(variable, cancellation);
        InvocationExpressionSyntax[] calls =
        [
            .. block.DescendantNodes().OfType<InvocationExpressionSyntax>().Where(
                call => call.ArgumentList.Arguments.FirstOrDefault() is { } argument
                    && NameOf(call) is { } name && (name.Contains("Free") || name == "Return")
                    && SymbolEqualityComparer.Default.Equals(model.GetSymbolInfo(Strip(argument.Expression), cancellation).Symbol, local)),
        ];
        return calls.Length > 0 && calls.All(static call => call.Parent is ExpressionStatementSyntax { Parent: BlockSyntax })
            ? [.. calls.Select(static call => (ExpressionStatementSyntax)call.Parent!)]
            : null;
    }

    private static string? NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        IdentifierNameSyntax name => name.Identifier.Text,
        _ => null,
    };

    private static ExpressionSyntax Strip(ExpressionSyntax value) => value switch
    {
        CastExpressionSyntax cast => Strip(cast.Expression),
        ParenthesizedExpressionSyntax parenthesized => Strip(parenthesized.Expression),
        _ => value,
    };
}
