using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Finds the variables that lambdas and local functions share with the method around them.</summary>
internal static class Captured
{
    /// <summary>The shared variables of some bodies.</summary>
    public static HashSet<ISymbol> In(ImmutableArray<IOperation> blocks)
    {
        HashSet<ISymbol> captured = new(SymbolEqualityComparer.Default);
        foreach (IOperation block in blocks)
        {
            Collect(block, null, captured);
        }

        return captured;
    }

    private static void Collect(IOperation operation, IMethodSymbol? function, HashSet<ISymbol> captured)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IAnonymousFunctionOperation lambda:
                function = lambda.Symbol;
                break;
            case ILocalFunctionOperation local:
                function = local.Symbol;
                break;
            case ILocalReferenceOperation reference:
                Note(reference.Local, function, captured);
                break;
            case IParameterReferenceOperation reference:
                Note(reference.Parameter, function, captured);
                break;
            default:
                break;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Collect(child, function, captured);
        }
    }

    private static void Note(ISymbol variable, IMethodSymbol? function, HashSet<ISymbol> captured)
    {
        if (function is not null && !SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, function))
        {
            captured.Add(variable);
        }
    }
}
