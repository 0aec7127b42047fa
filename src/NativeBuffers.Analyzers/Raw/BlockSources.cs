using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Raw;

/// <summary>Which functions allocated the blocks that the variables and private fields of a type hold.</summary>
/// <remarks>
/// It collects every assignment, in any order. A variable that gets anything but a known allocation, null or another variable holds blocks of
/// unknown source, and the rules say nothing about it.
/// </remarks>
internal sealed class BlockSources(RawFunctions functions)
{
    private readonly ConcurrentDictionary<ISymbol, ConcurrentBag<IOperation?>> _values = new(SymbolEqualityComparer.Default);

    /// <summary>Notes a declaration, an assignment, or another operation that may change a variable.</summary>
    public void Note(IOperation operation)
    {
        switch (operation)
        {
            case IVariableDeclaratorOperation { Initializer.Value: var value } declarator:
                Add(declarator.Symbol, value);
                break;
            case IFieldInitializerOperation initializer:
                foreach (IFieldSymbol field in initializer.InitializedFields)
                {
                    Add(field, initializer.Value);
                }

                break;
            case ISimpleAssignmentOperation { IsRef: false } assignment when HolderOf(assignment.Target) is { } target:
                Add(target, assignment.Value);
                break;
            case IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } argument when HolderOf(argument.Value) is { } given:
                Add(given, value: null);
                break;
            case IAddressOfOperation address when HolderOf(address.Reference) is { } shown:
                Add(shown, value: null);
                break;
            case ICompoundAssignmentOperation compound when HolderOf(compound.Target) is { } moved:
                Add(moved, value: null);
                break;
            case ICoalesceAssignmentOperation coalesce when HolderOf(coalesce.Target) is { } filled:
                Add(filled, coalesce.Value);
                break;
            case IIncrementOrDecrementOperation step when HolderOf(step.Target) is { } moved:
                Add(moved, value: null);
                break;
            case IDeconstructionAssignmentOperation { Target: ITupleOperation tuple }:
                foreach (IOperation element in tuple.Elements)
                {
                    if (HolderOf(element) is { } part)
                    {
                        Add(part, value: null);
                    }
                }

                break;
        }
    }

    /// <summary>The calls that may have allocated a block; null if there is a source that the rules do not know.</summary>
    public IReadOnlyList<IInvocationOperation>? Find(IOperation block)
    {
        List<IInvocationOperation> found = [];
        return TryFind(block, found, new HashSet<ISymbol>(SymbolEqualityComparer.Default)) ? found : null;
    }

    /// <summary>The value without conversions.</summary>
    public static IOperation Strip(IOperation value)
    {
        while (value is IConversionOperation conversion
            && conversion.OperatorMethod?.ContainingType.SpecialType is null or SpecialType.System_IntPtr or SpecialType.System_UIntPtr)
        {
            value = conversion.Operand;
        }

        return value is IParenthesizedOperation parenthesized ? Strip(parenthesized.Operand) : value;
    }

    /// <summary>The local variable or private field that an expression names.</summary>
    public static ISymbol? HolderOf(IOperation value) => Strip(value) switch
    {
        ILocalReferenceOperation local => local.Local,
        // Nested types may change the private fields of the type around them, and the rule looks at one type alone.
        IFieldReferenceOperation { Field: { DeclaredAccessibility: Accessibility.Private, IsImplicitlyDeclared: false } field }
            when field.ContainingType.GetTypeMembers().IsEmpty => field.OriginalDefinition,
        _ => null,
    };

    private void Add(ISymbol holder, IOperation? value) => _values.GetOrAdd(holder, static _ => []).Add(value);

    private bool TryFind(IOperation block, List<IInvocationOperation> found, HashSet<ISymbol> seen)
    {
        IOperation value = Strip(block);
        if (IsNull(value))
        {
            return true;
        }

        switch (value)
        {
            case IInvocationOperation call when functions.Find(call) is { Allocates: true, Family.Length: > 0 }:
                found.Add(call);
                return true;
            case IConditionalOperation { WhenFalse: { } otherwise } conditional:
                return TryFind(conditional.WhenTrue, found, seen) && TryFind(otherwise, found, seen);
            default:
                return HolderOf(value) is { } holder
                    && (!seen.Add(holder)
                        || (_values.TryGetValue(holder, out ConcurrentBag<IOperation?> values)
                            && values.All(assigned => assigned is not null && TryFind(assigned, found, seen))));
        }
    }

    private static bool IsNull(IOperation value) =>
        value is IDefaultValueOperation
        || value is { ConstantValue: { HasValue: true, Value: null or 0 } }
        || value is IFieldReferenceOperation { Field: { Name: "Zero", ContainingType.SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr } };
}
