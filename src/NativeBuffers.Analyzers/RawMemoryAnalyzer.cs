using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using NativeBuffers.Analyzers.Raw;
using NativeBuffers.Analyzers.Rules;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers;

/// <summary>The rules about memory that code allocates and frees by hand: NB0007, NB0008, NB0010.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RawMemoryAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [MismatchedFree.Descriptor, UncheckedByteCount.Descriptor, AllocatedByHand.Descriptor];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(static start =>
        {
            if (RawFunctions.Of(start.Compilation) is not { } functions || LibraryTypes.Of(start.Compilation) is not { } types)
            {
                return;
            }

            start.RegisterSymbolStartAction(symbol => MismatchedFree.Register(symbol, functions), SymbolKind.NamedType);
            start.RegisterOperationAction(operation => UncheckedByteCount.Check(operation, functions), OperationKind.Invocation);
            start.RegisterOperationAction(operation => AllocatedByHand.Check(operation, functions, types), OperationKind.Invocation);
        });
    }
}
