using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0003: An owner is disposed twice.</summary>
internal static class DisposedTwice
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0003",
        "An owner is disposed twice",
        "'{0}' is disposed a second time{1}",
        DiagnosticSeverity.Warning,
        "A second Dispose frees nothing. It shows that two places of the code believe that they own the memory.");
}
