using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Raw;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0007: memory is freed by a function that does not match its allocation.</summary>
internal static class MismatchedFree
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0007",
        "Memory is freed by a function that does not match its allocation",
        "{0} does not free what {1} allocated: call {2}",
        DiagnosticSeverity.Error,
        "Each allocator frees its own blocks only. Another free function corrupts its heap, or ends the process.");

    /// <summary>Looks at the members of one type. Its variables and private fields carry blocks from allocations to frees.</summary>
    public static void Register(SymbolStartAnalysisContext context, RawFunctions functions)
    {
        var sources = new BlockSources(functions);
        ConcurrentBag<IInvocationOperation> frees = [];
        context.RegisterOperationAction(
            operation => sources.Note(operation.Operation),
            OperationKind.VariableDeclarator,
            OperationKind.FieldInitializer,
            OperationKind.SimpleAssignment,
            OperationKind.Argument,
            OperationKind.AddressOf,
            OperationKind.CompoundAssignment,
            OperationKind.CoalesceAssignment,
            OperationKind.Increment,
            OperationKind.Decrement,
            OperationKind.DeconstructionAssignment);
        context.RegisterOperationAction(
            operation =>
            {
                var call = (IInvocationOperation)operation.Operation;
                if (functions.Find(call) is { Frees: true, Family.Length: > 0 } || functions.FindAdopted(call) is not null)
                {
                    frees.Add(call);
                }
            },
            OperationKind.Invocation);
        context.RegisterSymbolEndAction(end =>
        {
            foreach (IInvocationOperation free in frees)
            {
                Check(end, free, functions, sources);
            }
        });
    }

    private static void Check(SymbolAnalysisContext context, IInvocationOperation free, RawFunctions functions, BlockSources sources)
    {
        string[] accepted = functions.FindAdopted(free) ?? [functions.Find(free)!.Family];
        IArgumentOperation? block = free.Arguments.FirstOrDefault(static argument => argument.Parameter?.Ordinal == 0);
        if (block is null || sources.Find(block.Value) is not { } found)
        {
            return;
        }

        // p = Realloc(p): the block that it frees is an earlier one.
        List<IInvocationOperation> allocations = [.. found.Where(allocation => allocation != free)];
        if (allocations.Count == 0)
        {
            return;
        }

        // One right source is enough: another path may have another one, and a test that the rule does not follow.
        if (allocations.Any(allocation => accepted.Contains(functions.Find(allocation)!.Family)))
        {
            return;
        }

        IInvocationOperation first = allocations[0];
        context.ReportDiagnostic(Diagnostic.Create(
            Descriptor,
            free.Syntax.GetLocation(),
            [first.Syntax.GetLocation()],
            ImmutableDictionary<string, string?>.Empty.Add("Instead", functions.Find(first)!.FreedBy),
            RawFunction.NameOf(free.TargetMethod),
            RawFunction.NameOf(first.TargetMethod),
            functions.Find(first)!.FreedBy));
    }
}
