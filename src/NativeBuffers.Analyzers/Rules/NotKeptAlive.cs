using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0009: Nothing keeps an owner alive.</summary>
internal static class NotKeptAlive
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0009",
        "Nothing keeps an owner alive",
        "Nothing keeps '{0}' alive while its memory is used",
        DiagnosticSeverity.Warning,
        "The collector does not follow spans of native memory: the finalizer of the owner may free the memory during the use.");
}
