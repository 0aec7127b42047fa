using System.Composition;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0001: declares the owner with <c>using</c>. An owner without a variable gets one.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class AddUsing() : DocumentFix("NB0001", "Dispose it with 'using'")
{
    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model) =>
        root.FindNode(context.Span, getInnermostNodeForTie: true) is ExpressionSyntax creation
            ? Fix(root, creation, model, context.CancellationToken)
            : null;

    private static SyntaxNode? Fix(SyntaxNode root, ExpressionSyntax creation, SemanticModel model, CancellationToken cancellation)
    {
        StatementSyntax? statement = creation.FirstAncestorOrSelf<StatementSyntax>();
        if (statement?.Parent is not (BlockSyntax or GlobalStatementSyntax) || !IsRunOnce(creation, statement))
        {
            return null;
        }

        if (statement is LocalDeclarationStatementSyntax { Declaration.Variables: { Count: 1 } variables, Declaration.Type: not RefTypeSyntax } declaration
            && declaration.UsingKeyword.IsKind(SyntaxKind.None)
            && variables[0].Initializer?.Value == creation)
        {
            return CanBeUsing(variables[0], model, cancellation)
                ? root.ReplaceNode(
                    declaration,
                    declaration.WithoutLeadingTrivia()
                        .WithUsingKeyword(SyntaxFactory.Token(SyntaxKind.UsingKeyword).WithTrailingTrivia(SyntaxFactory.Space))
                        .WithLeadingTrivia(declaration.GetLeadingTrivia()))
                : null;
        }

        string name = LocalUses.FreeName("owner", creation);
        StatementSyntax owner = SyntaxFactory
            .ParseStatement($"using var {name} = {creation.WithoutTrivia()};")
            .WithAdditionalAnnotations(Formatter.Annotation);
        bool isDropped = statement is ExpressionStatementSyntax { Expression: var expression }
            && (expression == creation || expression is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.Text: "_" } });
        if (isDropped)
        {
            return root.ReplaceNode(statement, owner.WithTriviaFrom(statement));
        }

        // Before a global statement stands another global statement: rare, and left to the user.
        return statement.Parent is BlockSyntax && statement is LocalDeclarationStatementSyntax or ExpressionStatementSyntax or ReturnStatementSyntax
            && creation.Parent is MemberAccessExpressionSyntax or ArgumentSyntax or ElementAccessExpressionSyntax
            && !(statement is ExpressionStatementSyntax && LocalUses.IsStored(creation))
            ? InsertBefore(root, statement, owner, creation, name)
            : null;
    }

    private static SyntaxNode InsertBefore(SyntaxNode root, StatementSyntax statement, StatementSyntax owner, ExpressionSyntax creation, string name)
    {
        StatementSyntax changed = statement
            .ReplaceNode(creation, SyntaxFactory.IdentifierName(name).WithTriviaFrom(creation))
            .WithLeadingTrivia(SyntaxFactory.ElasticMarker)
            .WithAdditionalAnnotations(Formatter.Annotation);
        return root.ReplaceNode(
            statement, [owner.WithLeadingTrivia(statement.GetLeadingTrivia()).WithTrailingTrivia(SyntaxFactory.ElasticLineFeed), changed]);
    }

    /// <summary>False if a condition or another body decides whether the owner is created.</summary>
    private static bool IsRunOnce(ExpressionSyntax creation, StatementSyntax statement) =>
        !creation.Ancestors().TakeWhile(each => each != statement).Any(
            static each => each is AnonymousFunctionExpressionSyntax or ConditionalExpressionSyntax or SwitchExpressionSyntax
                or BinaryExpressionSyntax or ConditionalAccessExpressionSyntax);

    private static bool CanBeUsing(VariableDeclaratorSyntax variable, SemanticModel model, CancellationToken cancellation) =>
        model.GetDeclaredSymbol(variable, cancellation) is { } local
        && LocalUses.Of(local, LocalUses.MemberOf(variable), model, cancellation).All(
            static use => LocalUses.LeavesInPlace(use) && !LocalUses.GivesValue(use));
}
