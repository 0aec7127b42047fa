using System.Composition;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0005: hands the owner over with <c>Move</c>. <c>using (b)</c> becomes <c>using var c = b.Move()</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class MoveInsteadOfCopy() : DocumentFix("NB0005", "Hand it over with 'Move'")
{
    /// <inheritdoc/>
    protected override SyntaxNode? Fix(CodeFixContext context, SyntaxNode root, SemanticModel model) =>
        root.FindNode(context.Span, getInnermostNodeForTie: true) is ExpressionSyntax copied && CanMove(copied, model, context.CancellationToken)
            ? Fix(root, copied, model, context.CancellationToken)
            : null;

    private static SyntaxNode? Fix(SyntaxNode root, ExpressionSyntax copied, SemanticModel model, CancellationToken cancellation) => copied.Parent switch
    {
        UsingStatementSyntax statement => FixUsing(root, statement, copied, model, cancellation),
        EqualsValueClauseSyntax or AssignmentExpressionSyntax or ConditionalExpressionSyntax or ReturnStatementSyntax
            or ArgumentSyntax { RefKindKeyword.RawKind: (int)SyntaxKind.None } => root.ReplaceNode(copied, Moved(copied)),
        _ => null,
    };

    /// <summary>True for a writable variable of a type with <c>Move</c>.</summary>
    private static bool CanMove(ExpressionSyntax copied, SemanticModel model, CancellationToken cancellation) =>
        model.GetTypeInfo(copied, cancellation).Type is INamedTypeSymbol type
        && type.GetMembers("Move").OfType<IMethodSymbol>().Any(static method => method is { Parameters.Length: 0, IsStatic: false })
        && model.GetSymbolInfo(copied, cancellation).Symbol switch
        {
            ILocalSymbol local => local.RefKind != RefKind.RefReadOnly,
            IParameterSymbol parameter => parameter.RefKind is RefKind.None or RefKind.Ref or RefKind.Out,
            IFieldSymbol field => !field.IsReadOnly,
            _ => false,
        };

    private static SyntaxNode? FixUsing(
        SyntaxNode root, UsingStatementSyntax statement, ExpressionSyntax copied, SemanticModel model, CancellationToken cancellation)
    {
        if (copied is not IdentifierNameSyntax name || model.GetSymbolInfo(name, cancellation).Symbol is not { } variable
            || statement.Statement is not BlockSyntax block)
        {
            return null;
        }

        IdentifierNameSyntax[] uses = [.. LocalUses.Of(variable, block, model, cancellation)];
        if (!uses.All(LocalUses.LeavesInPlace))
        {
            return null;
        }

        string owned = LocalUses.FreeName(variable.Name + "Owned", statement);
        BlockSyntax body = block.ReplaceNodes(uses, (_, use) => SyntaxFactory.IdentifierName(owned).WithTriviaFrom(use));
        string declaration = $"var {owned} = {variable.Name}.Move()";
        if (statement.Parent is BlockSyntax around && around.Statements.Last() == statement)
        {
            StatementSyntax first = SyntaxFactory.ParseStatement($"using {declaration};")
                .WithLeadingTrivia(statement.GetLeadingTrivia())
                .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed);
            BlockSyntax spliced = around.WithStatements(around.Statements.RemoveAt(around.Statements.Count - 1).Add(first).AddRange(body.Statements));
            return root.ReplaceNode(around, spliced.WithAdditionalAnnotations(Formatter.Annotation));
        }

        var resource = (UsingStatementSyntax)SyntaxFactory.ParseStatement($"using ({declaration}) {{ }}");
        return root.ReplaceNode(statement, statement.WithExpression(null).WithDeclaration(resource.Declaration).WithStatement(body));
    }

    private static InvocationExpressionSyntax Moved(ExpressionSyntax copied) =>
        SyntaxFactory.InvocationExpression(
            SyntaxFactory.MemberAccessExpression(
                SyntaxKind.SimpleMemberAccessExpression, copied.WithoutTrivia(), SyntaxFactory.IdentifierName("Move")))
            .WithTriviaFrom(copied);
}
