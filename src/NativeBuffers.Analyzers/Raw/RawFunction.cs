using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Raw;

/// <summary>A function that allocates or frees a block by hand.</summary>
internal sealed class RawFunction
{
    /// <summary>A function of one family.</summary>
    /// <param name="family">Blocks of this family are freed by functions of this family.</param>
    /// <param name="freedBy">The function that frees blocks of the family, as a user writes it.</param>
    /// <param name="allocates">True if the result is a new block.</param>
    /// <param name="frees">True if the first argument is a block that exists no more afterwards.</param>
    /// <param name="takesByteCount">True if an argument is a size.</param>
    public RawFunction(string family, string freedBy, bool allocates, bool frees, bool takesByteCount)
    {
        Family = family;
        FreedBy = freedBy;
        Allocates = allocates;
        Frees = frees;
        TakesByteCount = takesByteCount;
    }

    /// <summary>Its blocks can be freed by functions with the same name here.</summary>
    public string Family { get; }

    /// <summary>For the message: <c>Marshal.FreeHGlobal</c>.</summary>
    public string FreedBy { get; }

    /// <summary>True if the result is a new block.</summary>
    public bool Allocates { get; }

    /// <summary>True if the first argument is a block that exists no more afterwards.</summary>
    public bool Frees { get; }

    /// <summary>True if an argument is a size.</summary>
    public bool TakesByteCount { get; }

    /// <summary>For messages: the type and the name, as a user writes them.</summary>
    public static string NameOf(IMethodSymbol method) => $"{method.ContainingType.Name}.{method.Name}";
}
