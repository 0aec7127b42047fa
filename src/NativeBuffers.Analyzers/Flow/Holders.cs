using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Local variables with a tuple, an anonymous object or a record, of which a body names the parts and never the whole.</summary>
/// <remarks>Each part is a variable then: no other code can have the object, and the code of such types only stores its parts.</remarks>
internal sealed class Holders
{
    private const int MostParts = 7;

    private readonly HashSet<ILocalSymbol> _holders = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ILocalSymbol> _others = new(SymbolEqualityComparer.Default);
    private readonly Captured _captured;
    private readonly IMethodSymbol? _method;

    public Holders(ControlFlowGraph graph, IMethodSymbol? method, Captured captured)
    {
        _captured = captured;
        _method = method;
        foreach (BasicBlock block in graph.Blocks)
        {
            foreach (IOperation operation in block.Operations)
            {
                Look(operation);
            }

            if (block.BranchValue is { } value)
            {
                Look(value);
            }
        }

        _holders.ExceptWith(_others);
    }

    /// <summary>True if the parts of a variable are followed.</summary>
    public bool Contains(ILocalSymbol local) => _holders.Contains(local);

    /// <summary>The number of parts that a type has.</summary>
    public static int CountOf(ITypeSymbol type) => type switch
    {
        INamedTypeSymbol { IsTupleType: true } tuple => tuple.TupleElements.Length,
        INamedTypeSymbol { IsAnonymousType: true } => type.GetMembers().OfType<IPropertySymbol>().Count(),
        INamedTypeSymbol record => ConstructorOf(record)?.Parameters.Length ?? 0,
        _ => 0,
    };

    /// <summary>The number of a part in its type; -1 for other members.</summary>
    public static int OrdinalOf(ISymbol member)
    {
        switch (member)
        {
            case IFieldSymbol { ContainingType: { IsTupleType: true } tuple } field:
                string name = (field.CorrespondingTupleField ?? field).Name;
                return IndexOf(tuple.TupleElements, element => (element.CorrespondingTupleField ?? element).Name == name);
            case IPropertySymbol { ContainingType: { IsAnonymousType: true } anonymous }:
                return IndexOf(anonymous.GetMembers().OfType<IPropertySymbol>(), property => property.Name == member.Name);
            case IPropertySymbol { ContainingType: { IsRecord: true } record, DeclaringSyntaxReferences: { Length: 1 } places }
                when places[0].GetSyntax() is ParameterSyntax:
                return ConstructorOf(record) is { } constructor ? IndexOf(constructor.Parameters, parameter => parameter.Name == member.Name) : -1;
            default:
                return -1;
        }
    }

    /// <summary>The parts that an expression gives to a new object, by number; empty for other expressions.</summary>
    public static ImmutableArray<IOperation> PartsOf(IOperation value)
    {
        switch (value)
        {
            case IConversionOperation { OperatorMethod: null } conversion when IsKind(conversion.Type):
                return PartsOf(conversion.Operand);
            case ITupleOperation tuple when tuple.Elements.Length <= MostParts:
                return tuple.Elements;
            case IAnonymousObjectCreationOperation anonymous:
                IOperation?[] properties = new IOperation?[anonymous.Initializers.Length];
                foreach (IOperation initializer in anonymous.Initializers)
                {
                    if (initializer is ISimpleAssignmentOperation { Target: IPropertyReferenceOperation target, Value: var part }
                        && OrdinalOf(target.Property) is >= 0 and var position && position < properties.Length)
                    {
                        properties[position] = part;
                    }
                }

                return properties.Contains(null) ? [] : [.. properties!];
            case IObjectCreationOperation { Constructor: { } constructor, Initializer: null } creation
                when SymbolEqualityComparer.Default.Equals(ConstructorOf(constructor.ContainingType), constructor.OriginalDefinition):
                return [.. creation.Arguments.OrderBy(static argument => argument.Parameter!.Ordinal).Select(static argument => argument.Value)];
            default:
                return [];
        }
    }

    /// <summary>True for the types that have parts.</summary>
    private static bool IsKind(ITypeSymbol? type) =>
        type is INamedTypeSymbol named
            && (named.IsTupleType ? named.TupleElements.Length <= MostParts : named.IsAnonymousType || ConstructorOf(named) is not null);

    /// <summary>The constructor that the compiler writes for a record, if nothing else runs with it.</summary>
    private static IMethodSymbol? ConstructorOf(INamedTypeSymbol type)
    {
        INamedTypeSymbol definition = type.OriginalDefinition;
        bool isPlain = definition.IsRecord && definition.DeclaringSyntaxReferences.Length == 1
            && definition.DeclaringSyntaxReferences[0].GetSyntax() is RecordDeclarationSyntax { ParameterList: not null } syntax
            && !(syntax.BaseList?.Types.Any(static type => type is PrimaryConstructorBaseTypeSyntax) ?? false)
            && definition.BaseType is { SpecialType: SpecialType.System_Object or SpecialType.System_ValueType }
            && !syntax.Members.Any(
                static member => member is FieldDeclarationSyntax or DestructorDeclarationSyntax or PropertyDeclarationSyntax { Initializer: not null });
        return isPlain
            ? definition.InstanceConstructors.FirstOrDefault(
                constructor => constructor.DeclaringSyntaxReferences is { Length: 1 } places && places[0].GetSyntax() is RecordDeclarationSyntax)
            : null;
    }

    private static int IndexOf<T>(IEnumerable<T> all, System.Func<T, bool> isWanted)
    {
        int index = 0;
        foreach (T each in all)
        {
            if (isWanted(each))
            {
                return index;
            }

            index++;
        }

        return -1;
    }

    private void Look(IOperation operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (operation is ILocalReferenceOperation { Local: { RefKind: RefKind.None } local } whole && IsKind(local.Type))
        {
            (NamesParts(whole) && !_captured.Hides(local, _method) ? _holders : _others).Add(local);
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Look(child);
        }
    }

    private static bool NamesParts(ILocalReferenceOperation whole) => whole.Parent switch
    {
        IFieldReferenceOperation field => OrdinalOf(field.Field) >= 0,
        IPropertyReferenceOperation property => OrdinalOf(property.Property) >= 0,
        ISimpleAssignmentOperation { IsRef: false } assignment when assignment.Target == whole => !PartsOf(assignment.Value).IsEmpty,
        IDeconstructionAssignmentOperation { Target: var target } deconstruction when deconstruction.Value == whole =>
            ElementsOf(target) is { Length: > 0 } && !HasDeconstruct(whole.Type),
        _ => false,
    };

    /// <summary>The targets of a deconstruction; empty if they are not simple.</summary>
    public static ImmutableArray<IOperation> ElementsOf(IOperation target) => target switch
    {
        IDeclarationExpressionOperation declaration => ElementsOf(declaration.Expression),
        ITupleOperation tuple when tuple.Elements.All(static element => element is not ITupleOperation) => tuple.Elements,
        _ => [],
    };

    private static bool HasDeconstruct(ITypeSymbol? type) =>
        type is { IsTupleType: false } && type.GetMembers("Deconstruct").Any(static member => !member.IsImplicitlyDeclared);
}
