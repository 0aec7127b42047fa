using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Raw;

/// <summary>A variable of one method whose block the method allocates and frees, and gives to no place that outlives the method.</summary>
internal static class HandmadeBlock
{
    /// <summary>The variable of an allocation, if the method frees it; null otherwise.</summary>
    /// <param name="allocation">The call that allocates, or rents an array.</param>
    /// <param name="frees">True for the calls that free the block of such an allocation.</param>
    /// <param name="isArray">True for a rented array: then every use must be one that a span has, too.</param>
    public static ILocalSymbol? Find(IInvocationOperation allocation, System.Func<IInvocationOperation, bool> frees, bool isArray)
    {
        IOperation value = allocation;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        if (value.Parent is not IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }
            || local.IsRef || local.IsStatic)
        {
            return null;
        }

        IOperation body = BodyOf(allocation);
        bool isFreed = false;
        foreach (ILocalReferenceOperation use in Uses(body, local))
        {
            if (FreeOf(use) is { } call && frees(call))
            {
                if (BodyOf(call) != body)
                {
                    return null;
                }

                isFreed = true;
            }
            else if (BodyOf(use) != body || (isArray ? !IsUseOfSpan(use) : Escapes(use)))
            {
                return null;
            }
        }

        return isFreed ? local : null;
    }

    private static IEnumerable<ILocalReferenceOperation> Uses(IOperation body, ILocalSymbol local) =>
        body.Descendants().OfType<ILocalReferenceOperation>().Where(use => SymbolEqualityComparer.Default.Equals(use.Local, local));

    /// <summary>The call whose argument the use is.</summary>
    private static IInvocationOperation? FreeOf(IOperation use)
    {
        IOperation value = use;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value.Parent is IArgumentOperation { Parent: IInvocationOperation call } ? call : null;
    }

    /// <summary>True if the variable changes, or its value goes to another variable, a field, a collection or the caller.</summary>
    private static bool Escapes(IOperation use)
    {
        IOperation value = use;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value.Parent switch
        {
            IArgumentOperation argument => argument.Parameter?.RefKind is RefKind.Ref or RefKind.Out || argument.Parent is IObjectCreationOperation,
            IBinaryOperation or IPropertyReferenceOperation or IArrayElementReferenceOperation or IInvocationOperation => false,
            { Kind: OperationKind.None } => false, // A pointer that is followed.
            _ => true,
        };
    }

    /// <summary>True if the code stays right with a span instead of the array.</summary>
    private static bool IsUseOfSpan(IOperation use) => use.Parent switch
    {
        IArrayElementReferenceOperation { Indices.Length: 1 } element =>
            element.ArrayReference == use && element.Indices[0].Type?.SpecialType == SpecialType.System_Int32,
        IPropertyReferenceOperation { Property.Name: "Length" } => true,
        IConversionOperation { Type: INamedTypeSymbol { Name: "Span" or "ReadOnlySpan" } type, Parent: IArgumentOperation } =>
            type.ContainingNamespace is { Name: "System", ContainingNamespace.IsGlobalNamespace: true },
        _ => false,
    };

    /// <summary>The method, accessor, lambda or local function whose code an operation is.</summary>
    private static IOperation BodyOf(IOperation operation)
    {
        IOperation body = operation;
        while (body.Parent is { } parent && body is not (IAnonymousFunctionOperation or ILocalFunctionOperation))
        {
            body = parent;
        }

        return body;
    }
}
