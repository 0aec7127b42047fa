using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>Replaces a declaration by that of an owner, removes statements that free, and each <c>try</c> whose <c>finally</c> is empty then.</summary>
internal sealed class FreeRemover(LocalDeclarationStatementSyntax declaration, StatementSyntax[] owner, ExpressionStatementSyntax[] frees)
    : CSharpSyntaxRewriter
{
    /// <inheritdoc/>
    public override SyntaxNode? VisitBlock(BlockSyntax node)
    {
        List<StatementSyntax> statements = [];
        foreach (StatementSyntax statement in node.Statements)
        {
            if (statement == declaration)
            {
                statements.Add(owner[0].WithLeadingTrivia(declaration.GetLeadingTrivia()));
                statements.AddRange(owner.Skip(1));
            }
            else if (statement is TryStatementSyntax attempt && IsEmptyWithoutFrees(attempt))
            {
                Unwrap(attempt, node, statements);
            }
            else if (!frees.Contains(statement))
            {
                statements.Add((StatementSyntax)Visit(statement)!);
            }
        }

        return node.WithStatements(SyntaxFactory.List(statements));
    }

    private bool IsEmptyWithoutFrees(TryStatementSyntax attempt) =>
        attempt is { Catches.Count: 0, Finally.Block.Statements: { Count: > 0 } last } && last.All(frees.Contains);

    private void Unwrap(TryStatementSyntax attempt, BlockSyntax around, List<StatementSyntax> statements)
    {
        var body = (BlockSyntax)Visit(attempt.Block)!;
        HashSet<string> names = [.. DeclaredIn(attempt.Block)];
        bool isApart = around.Statements.Any(statement => statement != attempt && DeclaredWithin(statement).Any(names.Contains));
        if (isApart)
        {
            // A later statement uses a name of the block again.
            statements.Add(body.WithLeadingTrivia(attempt.GetLeadingTrivia()));
            return;
        }

        foreach ((StatementSyntax statement, bool isFirst) in body.Statements.Select(static (statement, index) => (statement, index == 0)))
        {
            statements.Add(isFirst ? statement.WithLeadingTrivia(attempt.GetLeadingTrivia().AddRange(statement.GetLeadingTrivia())) : statement);
        }
    }

    private static IEnumerable<string> DeclaredIn(BlockSyntax block) => block.Statements.SelectMany(DeclaredWithin);

    private static IEnumerable<string> DeclaredWithin(SyntaxNode node) =>
        node.DescendantNodesAndSelf().Select(static each => each switch
        {
            VariableDeclaratorSyntax variable => variable.Identifier.Text,
            SingleVariableDesignationSyntax designation => designation.Identifier.Text,
            ForEachStatementSyntax loop => loop.Identifier.Text,
            LocalFunctionStatementSyntax function => function.Identifier.Text,
            _ => string.Empty,
        }).Where(static name => name.Length > 0);
}
