using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Raw;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0010: a method allocates and frees by hand, where an owner would do both.</summary>
internal static class AllocatedByHand
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0010",
        "An owner would free this memory",
        "'{0}' is allocated and freed by hand: an owner declared with 'using' frees it on every path",
        DiagnosticSeverity.Info,
        "NativeBuffer.Create checks the size, frees on every path, and costs less than malloc and free.");

    /// <summary>Looks at one call that allocates or rents.</summary>
    public static void Check(OperationAnalysisContext context, RawFunctions functions, LibraryTypes types)
    {
        var call = (IInvocationOperation)context.Operation;
        ILocalSymbol? local = null;
        if (functions.Find(call) is { Allocates: true, Frees: false, TakesByteCount: true, Family.Length: > 0 } allocation)
        {
            bool Frees(IInvocationOperation free) => functions.Find(free) is { Frees: true, Allocates: false } found && found.Family == allocation.Family;
            local = HandmadeBlock.Find(call, Frees, isArray: false);
        }
        else if (IsRent(call, types) && call.Type is IArrayTypeSymbol { ElementType.IsUnmanagedType: true } && !IsResumable(context.ContainingSymbol))
        {
            local = HandmadeBlock.Find(call, free => free.TargetMethod.Name == "Return" && types.IsArrayPool(free.TargetMethod.ContainingType), isArray: true);
        }

        if (local is not null)
        {
            context.ReportDiagnostic(Diagnostic.Create(Descriptor, call.Syntax.GetLocation(), local.Name));
        }
    }

    /// <summary>True for <c>ArrayPool&lt;T&gt;.Shared.Rent(n)</c>.</summary>
    private static bool IsRent(IInvocationOperation call, LibraryTypes types) =>
        call.TargetMethod.Name == "Rent"
        && types.IsArrayPool(call.TargetMethod.ContainingType)
        && call.Instance is IPropertyReferenceOperation { Instance: null, Property.Name: "Shared" };

    /// <summary>True for methods in which a scoped buffer may have to live across an await or a yield.</summary>
    private static bool IsResumable(ISymbol member) =>
        member is IMethodSymbol method && (method.IsAsync || method.ReturnType.OriginalDefinition.SpecialType is
            SpecialType.System_Collections_Generic_IEnumerable_T or SpecialType.System_Collections_Generic_IEnumerator_T);
}
