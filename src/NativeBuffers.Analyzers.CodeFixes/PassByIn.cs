using System.Collections.Generic;
using System.Collections.Immutable;
using System.Composition;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace NativeBuffers.Analyzers.CodeFixes;

/// <summary>NB0005: a method that only uses an owner gets it by <c>in</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp)]
[Shared]
public sealed class PassByIn : CodeFixProvider
{
    private const string Title = "Pass it by 'in'";

    private static readonly HashSet<string> s_changing =
        ["Dispose", "Resize", "Move", "ToOwner", "Add", "AddRange", "Clear", "RemoveLast", "EnsureCapacity"];

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ["NB0005"];

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        SyntaxNode? root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        SemanticModel? model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span, getInnermostNodeForTie: true).FirstAncestorOrSelf<ArgumentSyntax>() is not { } argument || model is null
            || argument.Parent?.Parent is not InvocationExpressionSyntax call
            || model.GetSymbolInfo(call, context.CancellationToken).Symbol is not IMethodSymbol method
            || ParameterOf(argument, call, method) is not { RefKind: RefKind.None, DeclaringSyntaxReferences.Length: 1 } parameter
            || await parameter.DeclaringSyntaxReferences[0].GetSyntaxAsync(context.CancellationToken).ConfigureAwait(false) is not ParameterSyntax declaration
            || context.Document.Project.Solution.GetDocument(declaration.SyntaxTree) is not { } document
            || await document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false) is not { } there
            || !SymbolEqualityComparer.Default.Equals(model.Compilation.Assembly, method.ContainingAssembly))
        {
            return;
        }

        if (LocalUses.Of(parameter, LocalUses.MemberOf(declaration), there, context.CancellationToken).All(IsReading))
        {
            context.RegisterCodeFix(
                CodeAction.Create(
                    Title,
                    async cancellation =>
                    {
                        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellation).ConfigureAwait(false);
                        SyntaxToken keyword = SyntaxFactory.Token(SyntaxKind.InKeyword).WithTrailingTrivia(SyntaxFactory.Space);
                        editor.ReplaceNode(declaration, declaration.WithModifiers(declaration.Modifiers.Add(keyword)));
                        return editor.GetChangedDocument();
                    },
                    equivalenceKey: Title),
                context.Diagnostics);
        }
    }

    private static IParameterSymbol? ParameterOf(ArgumentSyntax argument, InvocationExpressionSyntax call, IMethodSymbol method)
    {
        if (argument.NameColon is { } named)
        {
            return method.Parameters.FirstOrDefault(parameter => parameter.Name == named.Name.Identifier.Text);
        }

        int index = call.ArgumentList.Arguments.IndexOf(argument);
        return index < method.Parameters.Length ? method.Parameters[index] : null;
    }

    private static bool IsReading(IdentifierNameSyntax use) =>
        LocalUses.LeavesInPlace(use) && !LocalUses.GivesValue(use)
        && !(use.Parent is MemberAccessExpressionSyntax access && access.Expression == use && s_changing.Contains(access.Name.Identifier.Text));
}
