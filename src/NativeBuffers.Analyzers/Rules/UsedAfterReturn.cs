using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0006: A pooled buffer is used after its return.</summary>
internal static class UsedAfterReturn
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0006",
        "A pooled buffer is used after its return",
        "'{0}' is used after it was returned{1}",
        DiagnosticSeverity.Warning,
        "The pool may have given the memory to other code. This holds for all copies of the buffer.");
}
