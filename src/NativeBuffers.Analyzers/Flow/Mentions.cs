using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The quick look before the analysis: most bodies name no owner.</summary>
internal static class Mentions
{
    /// <summary>True if some operation has the type of an owner, or rents from a pool.</summary>
    public static bool Any(ImmutableArray<IOperation> blocks, LibraryTypes types)
    {
        foreach (IOperation block in blocks)
        {
            if (Any(block, types))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Without recursion: expressions may be deep.</summary>
    private static bool Any(IOperation block, LibraryTypes types)
    {
        Stack<IOperation> rest = new();
        rest.Push(block);
        while (rest.Count > 0)
        {
            IOperation operation = rest.Pop();
            if (types.KindOf(operation.Type) != OwnerKind.None
                || (operation is IInvocationOperation { TargetMethod.ContainingType: var type } && (types.IsArrayPool(type) || types.IsMemoryPool(type))))
            {
                return true;
            }

            foreach (IOperation child in operation.ChildOperations)
            {
                rest.Push(child);
            }
        }

        return false;
    }
}
