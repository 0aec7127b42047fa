using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0005: A scoped owner is copied.</summary>
internal static class Copied
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0005",
        "A scoped owner is copied",
        "'{0}' is copied: {2}",
        DiagnosticSeverity.Error,
        "Two copies believe that they own the same memory. Pass by reference, or hand the owner over with Move.");
}
