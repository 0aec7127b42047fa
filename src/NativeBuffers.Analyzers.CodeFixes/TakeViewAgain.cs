using System.Collections.Generic;
using System.Composition;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0004: takes a span again after its owner was resized, or its list has grown.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class TakeViewAgain() : DocumentFix("NB0004", "Take the view again")
{
    /// <summary>After these there is no memory to take a view of.</summary>
    private static readonly HashSet<string> s_ends = ["Dispose", "Close", "Move", "MoveAs", "ToOwner", "Release", "SetHandleAsInvalid", "Return"];

    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model)
    {
        IReadOnlyList<Location> places = context.Diagnostics[0].AdditionalLocations;
        if (places.Count == 0 || places[places.Count - 1] is not { } endedAt || endedAt.SourceTree != root.SyntaxTree
            || root.FindNode(endedAt.SourceSpan, getInnermostNodeForTie: true).FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } end
            || IsFinal(end)
            || FindView(root.FindNode(context.Span, getInnermostNodeForTie: true), model, context.CancellationToken) is not { } view)
        {
            return null;
        }

        // After the statement that ended it, where the variable is in scope there; else before the use.
        StatementSyntax? ending = end.FirstAncestorOrSelf<StatementSyntax>();
        bool isInScope = ending is { Parent: BlockSyntax }
            && ending.SpanStart > view.Declaration.Span.End && ending.Ancestors().Contains(view.Declaration.Parent);
        StatementSyntax? place = isInScope ? ending : view.Use.FirstAncestorOrSelf<StatementSyntax>(static statement => statement.Parent is BlockSyntax);
        if (place is null)
        {
            return null;
        }

        StatementSyntax taken = SyntaxFactory.ParseStatement($"{view.Name} = {view.Source.WithoutTrivia()};")
            .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed)
            .WithAdditionalAnnotations(Formatter.Annotation);
        return isInScope ? root.InsertNodesAfter(place, [taken]) : root.InsertNodesBefore(place, [taken]);
    }

    private static bool IsFinal(InvocationExpressionSyntax end) =>
        end.Expression is MemberAccessExpressionSyntax access && s_ends.Contains(access.Name.Identifier.Text);

    /// <summary>The variable that holds the view, where it is declared, and the expression that took it from the owner.</summary>
    private static (string Name, LocalDeclarationStatementSyntax Declaration, ExpressionSyntax Source, SyntaxNode Use)? FindView(
        SyntaxNode use, SemanticModel model, CancellationToken cancellation)
    {
        ExpressionSyntax? named = use.DescendantNodesAndSelf().OfType<ExpressionSyntax>().FirstOrDefault();
        while (named is MemberAccessExpressionSyntax or InvocationExpressionSyntax or ElementAccessExpressionSyntax)
        {
            named = named switch
            {
                MemberAccessExpressionSyntax access => access.Expression,
                InvocationExpressionSyntax call => call.Expression,
                _ => ((ElementAccessExpressionSyntax)named).Expression,
            };
        }

        return named is IdentifierNameSyntax name
            && model.GetSymbolInfo(name, cancellation).Symbol is ILocalSymbol { RefKind: RefKind.None, DeclaringSyntaxReferences.Length: 1 } local
            && local.DeclaringSyntaxReferences[0].GetSyntax(cancellation) is VariableDeclaratorSyntax declarator
            && declarator.Initializer?.Value is InvocationExpressionSyntax or MemberAccessExpressionSyntax or IdentifierNameSyntax
            && declarator.Parent?.Parent is LocalDeclarationStatementSyntax declaration
            ? (local.Name, declaration, declarator.Initializer!.Value, use)
            : null;
    }
}
