using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs calls, creations and properties: members of owners, members of views, and all other calls.</summary>
internal sealed class Calls(Body body, Evaluator evaluator)
{
    private readonly OwnerMembers _members = new(body, evaluator);
    private readonly OtherCalls _others = new(body, evaluator);

    private State State => evaluator.State;

    /// <summary>Runs a call for its value.</summary>
    public Value Run(IOperation operation)
    {
        Value result = RunReference(operation);
        bool isReference = operation switch
        {
            IInvocationOperation call => call.TargetMethod.RefKind != RefKind.None,
            IPropertyReferenceOperation property => property.Property.RefKind != RefKind.None,
            _ => false,
        };
        if (!isReference)
        {
            return result;
        }

        // The reference is read at once.
        return body.Types.IsView(operation.Type) ? result : Value.Unknown.At(-1, operation.Syntax);
    }

    /// <summary>Runs a call for the reference that it returns, if it returns one.</summary>
    public Value RunReference(IOperation operation) => operation switch
    {
        IInvocationOperation call => RunMember(call, call.TargetMethod, call.Instance, call.Arguments),
        IPropertyReferenceOperation property => RunMember(property, property.Property, property.Instance, property.Arguments),
        IObjectCreationOperation creation => RunCreation(creation),
        ICollectionExpressionOperation collection => RunCollection(collection),
        _ => Value.Unknown,
    };

    /// <summary>Runs <c>owner[1..2]</c>, which calls a method that slices.</summary>
    public Value RunRange(IImplicitIndexerReferenceOperation range, IMethodSymbol slice)
    {
        evaluator.Use(evaluator.Run(range.Argument), range.Argument);
        return RunMember(range, slice, range.Instance, []);
    }

    /// <summary>Notes that a value is copied into another variable.</summary>
    public void CopyInto(Value value, IOperation source)
    {
        OwnerKind kind = body.Types.KindOf(source.Type);
        if (kind != OwnerKind.None)
        {
            body.Owners.Copy(kind, value, Body.NameOf(source));
        }
    }

    /// <summary>Runs <c>[1, 2, 3]</c>, which makes an owner if that is its type.</summary>
    private Value RunCollection(ICollectionExpressionOperation collection)
    {
        OwnerKind kind = body.Types.KindOf(collection.Type);
        if (kind == OwnerKind.None)
        {
            return evaluator.RunOther(collection);
        }

        evaluator.RunAll(collection.Elements);
        return Owners.Create(State, kind, collection.Syntax, Body.NameOfCreation(collection), isOwed: true);
    }

    private Value RunMember(IOperation operation, ISymbol member, IOperation? instance, ImmutableArray<IArgumentOperation> arguments)
    {
        if (instance is null or IInstanceReferenceOperation)
        {
            return RunPool(operation, member, null, arguments) ?? _others.Run(operation, member, Value.Unknown, instance, arguments);
        }

        Value receiver = evaluator.Run(instance);
        if (receiver.Object < 0 && body.Types.KindOf(instance.Type) != OwnerKind.None)
        {
            receiver = evaluator.OwnerIn(receiver, instance);
        }

        OwnerKind kind = receiver.Object >= 0 ? State.Objects[receiver.Object].Kind : body.Types.KindOf(instance.Type);
        if (kind is not (OwnerKind.None or OwnerKind.PoolArray))
        {
            return _members.Run(operation, member, kind, receiver, instance, arguments);
        }

        return RunPool(operation, member, instance, arguments) ?? _others.Run(operation, member, receiver, instance, arguments);
    }

    /// <summary>Runs the members of the platform's pools; null for other members.</summary>
    private Value? RunPool(IOperation operation, ISymbol member, IOperation? instance, ImmutableArray<IArgumentOperation> arguments)
    {
        if (member is not IMethodSymbol method || instance is null)
        {
            return null;
        }

        if (body.Types.IsArrayPool(method.ContainingType))
        {
            switch (method.Name)
            {
                case "Rent":
                    evaluator.RunAll(ValuesOf(arguments));
                    return Owners.Create(State, OwnerKind.PoolArray, operation.Syntax, Body.NameOfCreation(operation), isOwed: false);
                case "Return" when !arguments.IsEmpty:
                    Value array = evaluator.Run(arguments[0].Value);
                    evaluator.RunAll(ValuesOf(arguments.RemoveAt(0)));
                    int variable = evaluator.VariableOf(arguments[0].Value);
                    if (!array.HasContent && variable >= 0)
                    {
                        array = Owners.Meet(State, OwnerKind.PoolArray, arguments[0].Value.Syntax, Body.NameOf(arguments[0].Value));
                        evaluator.State[variable] = array;
                    }

                    body.Owners.Dispose(State, array, operation.Syntax, isImplicit: false);
                    return Value.Unknown;
                default:
                    return null;
            }
        }

        if (body.Types.IsMemoryPool(method.ContainingType) && method.Name is "Rent" or "RentBuffer")
        {
            evaluator.RunAll(ValuesOf(arguments));
            OwnerKind kind = body.Types.KindOf(method.ReturnType);
            bool isOurs = LibraryTypes.IsOurs(method.ContainingType);
            return kind == OwnerKind.None ? Value.Unknown : Owners.Create(State, kind, operation.Syntax, Body.NameOfCreation(operation), isOurs);
        }

        return null;
    }

    private Value RunCreation(IObjectCreationOperation creation)
    {
        OwnerKind kind = body.Types.KindOf(creation.Type);
        if (kind == OwnerKind.None || creation.Constructor is not { } constructor)
        {
            return creation.Constructor is { } other ? _others.Run(creation, other, Value.Unknown, null, creation.Arguments) : Value.Unknown;
        }

        List<Loan> loans = [];
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            Value value = evaluator.Use(evaluator.Run(argument.Value), argument.Value);
            if (value.Object < 0)
            {
                loans.AddRange(value.Loans);
            }

            Owners.Escape(State, value);
        }

        bool isEmpty = constructor.Parameters.IsEmpty && creation.Type!.IsValueType;
        bool isHandle = constructor.Parameters.IsEmpty && constructor.ContainingType.Name.StartsWith("Safe", System.StringComparison.Ordinal);
        if (!LibraryTypes.IsPublicMember(constructor) && !isEmpty)
        {
            return Owners.Meet(State, kind, creation.Syntax, Body.NameOfCreation(creation));
        }

        return isEmpty
            ? Value.Null
            : Owners.Create(State, kind, creation.Syntax, Body.NameOfCreation(creation), !isHandle, [.. loans]);
    }

    private static IEnumerable<IOperation> ValuesOf(ImmutableArray<IArgumentOperation> arguments)
    {
        foreach (IArgumentOperation argument in arguments)
        {
            yield return argument.Value;
        }
    }
}
