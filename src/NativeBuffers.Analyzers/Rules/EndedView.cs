using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0004: A view is used after its end.</summary>
internal static class EndedView
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0004",
        "A view is used after its end",
        "A view of '{0}' is used after '{0}' {2}{1}",
        DiagnosticSeverity.Error,
        "A span, reference, pointer or scope reaches memory that the owner has freed or moved. Take it again.");
}
