using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers;

/// <summary>Silences the platform's CA2000 about owners of the library, because NB0001 follows them.</summary>
/// <remarks>CA2000 knows neither <c>Move</c> nor <c>ToOwner</c>, and accuses code that is right.</remarks>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DisposalRuleSuppressor : DiagnosticSuppressor
{
    /// <summary>The one suppression.</summary>
    public static readonly SuppressionDescriptor Descriptor = new(
        "NBS0001", "CA2000", "NB0001 follows the owners of NativeBuffers, also through Move and ToOwner.");

    /// <inheritdoc/>
    public override ImmutableArray<SuppressionDescriptor> SupportedSuppressions { get; } = [Descriptor];

    /// <inheritdoc/>
    public override void ReportSuppressions(SuppressionAnalysisContext context)
    {
        if (LibraryTypes.Of(context.Compilation) is not { HasLibrary: true } types)
        {
            return;
        }

        foreach (Diagnostic diagnostic in context.ReportedDiagnostics)
        {
            if (diagnostic.Location.SourceTree is { } tree && IsOfLibrary(context, types, tree, diagnostic))
            {
                context.ReportSuppression(Suppression.Create(Descriptor, diagnostic));
            }
        }
    }

    private static bool IsOfLibrary(SuppressionAnalysisContext context, LibraryTypes types, SyntaxTree tree, Diagnostic diagnostic)
    {
        SyntaxNode node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
        SemanticModel model = context.GetSemanticModel(tree);
        foreach (ITypeSymbol? type in TypesOf(node, model, context.CancellationToken))
        {
            if (LibraryTypes.IsOurs(type) && types.KindOf(type) != OwnerKind.None)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The type of the expression that the rule accuses, or of the variable that it declares.</summary>
    private static IEnumerable<ITypeSymbol?> TypesOf(SyntaxNode node, SemanticModel model, System.Threading.CancellationToken cancellation)
    {
        if (node is ArgumentSyntax argument)
        {
            node = argument.Expression; // out NativeBuffer<int> buffer
        }

        yield return model.GetTypeInfo(node, cancellation).Type;
        yield return (model.GetDeclaredSymbol(node, cancellation) as ILocalSymbol)?.Type;
    }
}
