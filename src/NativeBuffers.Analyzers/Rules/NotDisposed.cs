using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0001: An owner is not disposed.</summary>
internal static class NotDisposed
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0001",
        "An owner is not disposed",
        "'{0}' is created here and not disposed{1}",
        DiagnosticSeverity.Warning,
        "An owner must be disposed, returned, moved or stored on each path. Declare it with using.");
}
