using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Methods that do not return, or not for one value of a condition: the platform's attributes say so.</summary>
internal static class Assertions
{
    /// <summary>Whether a path ends at a call.</summary>
    public static PathEnd EndOf(IMethodSymbol? method, ImmutableArray<IArgumentOperation> arguments, IReadOnlyList<Value> values)
    {
        if (method is null)
        {
            return PathEnd.None;
        }

        if (Has(method, "DoesNotReturnAttribute", null))
        {
            return PathEnd.Throws;
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            if (values[i].Bool is { } known && arguments[i].Parameter is { } parameter && Has(parameter, "DoesNotReturnIfAttribute", known))
            {
                return PathEnd.Impossible;
            }
        }

        return PathEnd.None;
    }

    private static bool Has(ISymbol symbol, string name, bool? value)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass?.Name == name
                && (value is null || (attribute.ConstructorArguments is { Length: 1 } arguments && arguments[0].Value is bool given && given == value)))
            {
                return true;
            }
        }

        return false;
    }
}
