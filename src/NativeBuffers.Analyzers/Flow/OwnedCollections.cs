using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Local arrays and lists of owners that stay in the method, and of whose owners no statement ends one or hands one on.</summary>
/// <remarks>An owner in such a collection is still owed. In all other collections other code may dispose it.</remarks>
internal sealed class OwnedCollections
{
    private readonly LibraryTypes _types;
    private readonly HashSet<ISymbol> _collections = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _made = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _others = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, ISymbol> _collectionOfVariable = new(SymbolEqualityComparer.Default);

    private OwnedCollections(LibraryTypes types) => _types = types;

    /// <summary>The collections of some bodies.</summary>
    public static OwnedCollections In(ImmutableArray<IOperation> blocks, LibraryTypes types)
    {
        OwnedCollections collections = new(types);
        foreach (IOperation block in blocks)
        {
            collections.Look(block);
        }

        collections._collections.IntersectWith(collections._made);
        collections._collections.ExceptWith(collections._others);
        return collections;
    }

    /// <summary>True if an expression names such a collection.</summary>
    public bool Contains(IOperation? collection) => collection is ILocalReferenceOperation { Local: var local } && _collections.Contains(local);

    private void Look(IOperation operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IVariableDeclaratorOperation { Symbol: var made, Initializer.Value: var value } when KindIn(made.Type) != OwnerKind.None:
                if (Inner(value) is IArrayCreationOperation { Initializer: null } or IObjectCreationOperation { Initializer: null }
                    or ICollectionExpressionOperation)
                {
                    _made.Add(made);
                }

                break;
            case IForEachLoopOperation { Collection: var collection, LoopControlVariable: IVariableDeclaratorOperation { Symbol: var variable } }
                when Inner(collection) is ILocalReferenceOperation { Local: var looped } && KindIn(looped.Type) != OwnerKind.None:
                _collectionOfVariable[variable] = looped;
                break;
            case ILocalReferenceOperation { Local: var local } use when KindIn(local.Type) is not OwnerKind.None and var kind:
                (IsSeen(use, kind) ? _collections : _others).Add(local);
                break;
            case ILocalReferenceOperation { Local: var variable } use when _collectionOfVariable.TryGetValue(variable, out ISymbol collection):
                if (!Captured.IsOnlyUse(_types.KindOf(variable.Type), use))
                {
                    _others.Add(collection);
                }

                break;
            case IAnonymousFunctionOperation or ILocalFunctionOperation:
                _others.UnionWith(operation.Descendants().OfType<ILocalReferenceOperation>().Select(static use => use.Local));
                break;
            default:
                break;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Look(child);
        }
    }

    private OwnerKind KindIn(ITypeSymbol? type)
    {
        OwnerKind kind = type switch
        {
            IArrayTypeSymbol { Rank: 1 } array => _types.KindOf(array.ElementType),
            INamedTypeSymbol { Name: "List", Arity: 1, ContainingNamespace: { Name: "Generic", ContainingNamespace.Name: "Collections" } } list =>
                _types.KindOf(list.TypeArguments[0]),
            _ => OwnerKind.None,
        };
        return kind is OwnerKind.Heap or OwnerKind.Pooled ? kind : OwnerKind.None;
    }

    /// <summary>True for a use of a collection that only stores owners, or only uses one.</summary>
    private static bool IsSeen(IOperation use, OwnerKind kind) => use.Parent switch
    {
        IArrayElementReferenceOperation element when element.ArrayReference == use => IsElementSeen(element, kind),
        IPropertyReferenceOperation { Property.IsIndexer: true } element when element.Instance == use => IsElementSeen(element, kind),
        IPropertyReferenceOperation { Property.Name: "Length" or "Count" or "Capacity" } => true,
        IInvocationOperation { TargetMethod.Name: "Add" } add => add.Instance == use && add.Parent is IExpressionStatementOperation,
        IConversionOperation { IsImplicit: true, Parent: IForEachLoopOperation } => true,
        IForEachLoopOperation => true,
        IArgumentOperation { Parent: IInvocationOperation call } => IsAsked(call, kind),
        IConversionOperation { IsImplicit: true, Parent: IArgumentOperation { Parent: IInvocationOperation call } } => IsAsked(call, kind),
        _ => false,
    };

    /// <summary>True for a call of <c>Enumerable</c> that gives a number or a bool, and whose lambdas only use the owners that they get.</summary>
    private static bool IsAsked(IInvocationOperation call, OwnerKind kind) =>
        call.Type is { SpecialType: >= SpecialType.System_Boolean and <= SpecialType.System_UIntPtr and not SpecialType.System_String }
            && FunctionRuns.IsOf(call.TargetMethod, "Linq", "Enumerable")
            && call.Arguments.Skip(1).All(
                argument => argument.Value is { ConstantValue.HasValue: true } or IDelegateCreationOperation { Target: IAnonymousFunctionOperation }
                    && argument.Descendants().OfType<IParameterReferenceOperation>().All(
                        use => use.Type is { SpecialType: not SpecialType.None } || Captured.IsOnlyUse(kind, use)));

    private static bool IsElementSeen(IOperation element, OwnerKind kind) =>
        element.Parent is ISimpleAssignmentOperation assignment && assignment.Target == element
            ? assignment.Parent is IExpressionStatementOperation
            : Captured.IsOnlyUse(kind, element);

    /// <summary>The value without conversions.</summary>
    public static IOperation Inner(IOperation collection) => collection is IConversionOperation conversion ? Inner(conversion.Operand) : collection;
}
