using System;
using System.Collections.Generic;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Finds the bodies within a body: lambdas and local functions.</summary>
internal static class NestedBodies
{
    /// <summary>True for a lambda that an assertion runs to see it throw: its mistakes are the test.</summary>
    public static bool IsExpectedToThrow(ControlFlowGraph graph) =>
        graph.OriginalOperation.Syntax.FirstAncestorOrSelf<LambdaExpressionSyntax>()
            is { Parent: ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax call } }
            && (call.Expression is MemberAccessExpressionSyntax access ? access.Name : call.Expression as SimpleNameSyntax) is { } called
            && (called.Identifier.ValueText is var name && (name.Contains("Throw") || name.Contains("Exception")) || NamesException(called));

    /// <summary>True for <c>Refused&lt;ObjectDisposedException&gt;</c>.</summary>
    private static bool NamesException(SimpleNameSyntax called)
    {
        foreach (TypeSyntax type in (called as GenericNameSyntax)?.TypeArgumentList.Arguments ?? default)
        {
            if (type.ToString().EndsWith("Exception", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds the graphs of all nested bodies.</summary>
    public static void Collect(
        ControlFlowGraph graph,
        List<(ControlFlowGraph Graph, IMethodSymbol? Method)> bodies,
        Dictionary<ISymbol, ControlFlowGraph> localFunctions,
        CancellationToken cancellation)
    {
        foreach (IMethodSymbol function in graph.LocalFunctions)
        {
            ControlFlowGraph nested = graph.GetLocalFunctionControlFlowGraph(function, cancellation);
            localFunctions[function] = nested;
            bodies.Add((nested, function));
            Collect(nested, bodies, localFunctions, cancellation);
        }

        foreach (BasicBlock block in graph.Blocks)
        {
            foreach (IOperation operation in block.Operations)
            {
                Collect(graph, operation, bodies, localFunctions, cancellation);
            }

            if (block.BranchValue is { } value)
            {
                Collect(graph, value, bodies, localFunctions, cancellation);
            }
        }
    }

    private static void Collect(
        ControlFlowGraph graph,
        IOperation operation,
        List<(ControlFlowGraph Graph, IMethodSymbol? Method)> bodies,
        Dictionary<ISymbol, ControlFlowGraph> localFunctions,
        CancellationToken cancellation)
    {
        if (operation is IFlowAnonymousFunctionOperation lambda)
        {
            ControlFlowGraph nested = graph.GetAnonymousFunctionControlFlowGraph(lambda, cancellation);
            bodies.Add((nested, lambda.Symbol));
            Collect(nested, bodies, localFunctions, cancellation);
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Collect(graph, child, bodies, localFunctions, cancellation);
        }
    }
}
