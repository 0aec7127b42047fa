using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Flow;
using NativeBuffers.Analyzers.Rules;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers;

/// <summary>Runs the shared analysis on each body that names an owner, and reports the findings of the rules.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OwnershipAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
    [
        NotDisposed.Descriptor,
        UsedAfterEnd.Descriptor,
        DisposedTwice.Descriptor,
        EndedView.Descriptor,
        Copied.Descriptor,
        UsedAfterReturn.Descriptor,
        NotKeptAlive.Descriptor,
    ];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(static start =>
        {
            if (LibraryTypes.Of(start.Compilation) is { } types)
            {
                start.RegisterOperationBlockAction(block => Check(block, types));
            }
        });
    }

    private static void Check(OperationBlockAnalysisContext context, LibraryTypes types)
    {
        if (!Mentions.Any(context.OperationBlocks, types))
        {
            return;
        }

        try
        {
            CheckBlocks(context, types);
        }
        catch (InsufficientExecutionStackException)
        {
            // An expression of thousands of operands: the compiler has a stack for it, and the rules stay silent.
        }
    }

    private static void CheckBlocks(OperationBlockAnalysisContext context, LibraryTypes types)
    {
        Captured captured = Captured.In(context.OperationBlocks, types);
        foreach (IOperation block in context.OperationBlocks)
        {
            if (block is IBlockOperation or IMethodBodyOperation or IFieldInitializerOperation or IPropertyInitializerOperation)
            {
                Check(context, types, captured, context.GetControlFlowGraph(block), context.OwningSymbol as IMethodSymbol, block.SemanticModel);
            }
        }
    }

    private static void Check(
        OperationBlockAnalysisContext context,
        LibraryTypes types,
        Captured captured,
        ControlFlowGraph graph,
        IMethodSymbol? method,
        SemanticModel? model)
    {
        Dictionary<ISymbol, ControlFlowGraph> localFunctions = new(SymbolEqualityComparer.Default);
        List<(ControlFlowGraph Graph, IMethodSymbol? Method)> bodies = [(graph, method)];
        NestedBodies.Collect(graph, bodies, localFunctions, context.CancellationToken);
        Summaries summaries = new(types, model, localFunctions, captured);
        foreach ((ControlFlowGraph nested, IMethodSymbol? owner) in bodies)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            if (NestedBodies.IsExpectedToThrow(nested))
            {
                continue;
            }

            Findings findings = new();
            Body body = new(nested, owner, types, findings, captured, summaries);
            FlowWalk.Run(body, body.StartOf(owner, marks: false));
            foreach (Finding finding in findings.All())
            {
                context.ReportDiagnostic(OwnershipRule.Report(finding));
            }
        }
    }
}
