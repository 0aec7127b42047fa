using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Symbols;

/// <summary>Reads the attributes of the library on a user's parameters and returns.</summary>
internal static class OwnershipAttributes
{
    /// <summary>True for <c>[TakesOwnership]</c>.</summary>
    public static bool Takes(IParameterSymbol parameter) => Find(parameter, "TakesOwnershipAttribute") is not null;

    /// <summary>True for <c>[BorrowsOwnership]</c>, and for the parameters of C functions, which use the memory during the call.</summary>
    public static bool Borrows(IParameterSymbol parameter) =>
        Find(parameter, "BorrowsOwnershipAttribute") is not null
            || (parameter.ContainingSymbol is IMethodSymbol method && IsOfC(method) && !Takes(parameter));

    /// <summary>True for <c>[GivesOwnership]</c> on an <c>out</c> parameter.</summary>
    public static bool Gives(IParameterSymbol parameter) => Find(parameter, "GivesOwnershipAttribute") is not null;

    /// <summary>True for <c>[return: GivesOwnership]</c>, or <c>[GivesOwnership]</c> on the method.</summary>
    public static bool Gives(IMethodSymbol method)
    {
        foreach (AttributeData attribute in method.GetReturnTypeAttributes())
        {
            if (Is(attribute, "GivesOwnershipAttribute"))
            {
                return true;
            }
        }

        return Find(method, "GivesOwnershipAttribute") is not null;
    }

    /// <summary>The name in <c>[ReturnsViewOf(name)]</c> of a method, a property or its return; null without the attribute.</summary>
    public static string? ViewOf(ISymbol member)
    {
        AttributeData? found = Find(member, "ReturnsViewOfAttribute");
        if (found is null && member is IMethodSymbol method)
        {
            foreach (AttributeData attribute in method.GetReturnTypeAttributes())
            {
                if (Is(attribute, "ReturnsViewOfAttribute"))
                {
                    found = attribute;
                }
            }
        }

        return found?.ConstructorArguments is { Length: 1 } arguments ? arguments[0].Value as string : null;
    }

    private static bool IsOfC(IMethodSymbol method)
    {
        if (method.GetDllImportData() is not null)
        {
            return true;
        }

        foreach (AttributeData attribute in method.GetAttributes())
        {
            if (attribute.AttributeClass is { Name: "LibraryImportAttribute", ContainingNamespace.Name: "InteropServices" })
            {
                return true;
            }
        }

        return false;
    }

    private static AttributeData? Find(ISymbol symbol, string name)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (Is(attribute, name))
            {
                return attribute;
            }
        }

        return null;
    }

    private static bool Is(AttributeData attribute, string name) =>
        attribute.AttributeClass is { } type && type.Name == name && LibraryTypes.IsOurs(type);
}
