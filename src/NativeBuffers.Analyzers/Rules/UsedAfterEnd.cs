using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0002: An owner is used after its end.</summary>
internal static class UsedAfterEnd
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0002",
        "An owner is used after its end",
        "'{0}' is used after it was {2}{1}",
        DiagnosticSeverity.Error,
        "After Dispose, Move, Release or ToOwner the variable no longer owns the memory.");
}
