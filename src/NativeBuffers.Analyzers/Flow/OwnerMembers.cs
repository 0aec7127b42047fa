using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs members of owners.</summary>
internal sealed class OwnerMembers(Body body, Evaluator evaluator)
{
    private State State => evaluator.State;

    private Owners Owners => body.Owners;

    /// <summary>Runs a member on the owner that its receiver holds.</summary>
    public Value Run(
        IOperation operation, ISymbol member, OwnerKind kind, Value receiver, IOperation instance, ImmutableArray<IArgumentOperation> arguments)
    {
        if (member.ContainingType.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            return member.Name == "HasValue" ? Value.True : receiver;
        }

        int held = State.HeldCount;
        foreach (IArgumentOperation argument in arguments)
        {
            State.Hold(evaluator.Run(argument.Value));
        }

        foreach ((Value value, int position) in State.Release(held).Select(static (value, position) => (value, position)))
        {
            IOperation argument = arguments[position].Value;
            evaluator.Use(value, argument);
            if (value.Object >= 0)
            {
                Owners.Use(State, value, argument.Syntax);
            }
        }

        MemberEffect effect = Members.EffectOf(kind, member);
        CheckHiddenCopy(effect, kind, member, instance);
        SyntaxNode place = operation.Syntax;
        switch (effect)
        {
            case MemberEffect.Harmless:
                return Fact(member, receiver);
            case MemberEffect.Dispose:
                DisposeOf(operation, receiver, instance);
                return Value.Unknown;
            case MemberEffect.Move:
                return Move(operation, member, receiver);
            case MemberEffect.Release:
                Move(operation, member, receiver);
                return Value.Unknown;
            case MemberEffect.Resize:
                Change(operation, kind, receiver, instance, EndKind.Resized);
                return Value.Unknown;
            case MemberEffect.Grow:
                Change(operation, kind, receiver, instance, EndKind.Grown);
                return Value.Unknown;
            case MemberEffect.GrowAndView:
                Change(operation, kind, receiver, instance, EndKind.Grown);
                return Owners.View(State, receiver, place, lasting: false);
            case MemberEffect.GrowAndLastingView:
                Change(operation, kind, receiver, instance, EndKind.Grown);
                return Owners.View(State, receiver, place, lasting: true);
            case MemberEffect.View:
                Owners.Use(State, receiver, place);
                return Owners.View(State, receiver, place, lasting: false);
            case MemberEffect.LastingView:
                Owners.Use(State, receiver, place);
                return Owners.View(State, receiver, place, lasting: true);
            case MemberEffect.BeginScope:
                return Begin(operation, receiver, isScope: true);
            case MemberEffect.Borrow:
                return Begin(operation, receiver, isScope: false);
            default:
                Owners.Use(State, receiver, place);
                return Value.Unknown;
        }
    }

    private Value Fact(ISymbol member, Value receiver)
    {
        if (member.Name is "Length" or "Count" or "LongCount" && receiver.Object >= 0 && State.Objects[receiver.Object] is
            { End: EndKind.Disposed or EndKind.Moved, Kind: OwnerKind.Heap or OwnerKind.Pooled or OwnerKind.Borrow })
        {
            // An owner that has ended has no elements. A stale copy of a buffer keeps its length.
            return Value.Null;
        }

        if (member.Name == "IsEmpty" && (receiver.IsNull || (receiver.Object >= 0 && State.Objects[receiver.Object].End is EndKind.Disposed or EndKind.Moved)))
        {
            return Value.True;
        }

        if (member.Name != "IsDisposed" || (receiver.Object < 0 && !receiver.IsNull))
        {
            return Value.Unknown;
        }

        if (receiver.IsNull)
        {
            return Value.False;
        }

        TrackedObject asked = State.Objects[receiver.Object];
        return asked.End switch
        {
            EndKind.Disposed => Value.True,
            EndKind.Moved when asked.Kind == OwnerKind.Buffer => Value.False,
            EndKind.None when asked is { IsOwn: true, HasEscaped: false } => Value.False,
            _ => asked.IsKnownDisposed is { } known ? Value.Of(known) : Value.Unknown,
        };
    }

    private void DisposeOf(IOperation operation, Value receiver, IOperation instance)
    {
        // The compiler writes this call for a using statement.
        bool isImplicit = operation.IsImplicit;
        if (isImplicit && instance is IFlowCaptureReferenceOperation && receiver is { Object: >= 0, Place: { } place, Loans.IsEmpty: false }
            && receiver.Loans[0] is { End: not EndKind.None } loan)
        {
            TrackedObject held = State.Objects[receiver.Object];
            if (loan.End is not (EndKind.Disposed or EndKind.Given) && held.End is EndKind.None or EndKind.Moved)
            {
                body.Findings.Fail(Mistake.Copied, place, held.Name, null, loan.End, loan.EndedAt);
            }
        }

        Owners.Dispose(State, receiver, operation.Syntax, isImplicit);
    }

    private Value Move(IOperation operation, ISymbol member, Value receiver)
    {
        OwnerKind kind = body.Types.KindOf((member as IMethodSymbol)?.ReturnType);
        if (receiver.Object < 0)
        {
            // An empty buffer moves to an empty one; an owner on the heap of no elements is an owner.
            return !receiver.IsNull ? Value.Unknown
                : kind == OwnerKind.Heap ? Owners.Create(State, kind, operation.Syntax, Body.NameOfCreation(operation), isOwed: true)
                : Value.Null;
        }

        Owners.Use(State, receiver, operation.Syntax);
        TrackedObject moved = State.Objects[receiver.Object];
        if (moved.End != EndKind.None)
        {
            // The mistake was reported: the result is unknown.
            return Value.Unknown;
        }

        Owners.End(State, receiver.Object, EndKind.Moved, operation.Syntax);
        return kind == OwnerKind.None
            ? Value.Unknown
            : Owners.Create(State, kind, operation.Syntax, Body.NameOfCreation(operation), isOwed: true, moved.Loans);
    }

    private void Change(IOperation operation, OwnerKind kind, Value receiver, IOperation instance, EndKind end)
    {
        bool isEmpty = receiver.IsNull || (receiver.Object >= 0 && State.Objects[receiver.Object].End == EndKind.Moved);
        if (isEmpty && kind is OwnerKind.Buffer or OwnerKind.ScratchList)
        {
            int variable = evaluator.VariableOf(instance);
            Value created = Owners.Create(State, kind, operation.Syntax, Body.NameOf(instance), variable >= 0 && !body.Variables.IsField(variable));
            evaluator.Store(variable, created);
            return;
        }

        Owners.Use(State, receiver, operation.Syntax);
        if (receiver.Object >= 0)
        {
            Owners.EndViews(State, receiver.Object, end, operation.Syntax);
        }
    }

    private Value Begin(IOperation operation, Value receiver, bool isScope)
    {
        Owners.Use(State, receiver, operation.Syntax);
        OwnerKind kind = body.Types.KindOf(operation.Type);
        if (kind == OwnerKind.None)
        {
            return Value.Unknown;
        }

        ImmutableArray<Loan> loans = isScope && receiver.Object >= 0 && State.Objects[receiver.Object].End == EndKind.None
            ? Owners.LoansOf(State, receiver.Object, operation.Syntax, lasting: false)
            : [];
        return Owners.Create(State, kind, operation.Syntax, Body.NameOfCreation(operation), isOwed: kind != OwnerKind.Pin || !body.EndsPins, loans);
    }

    /// <summary>Reports a member that changes the owner, on a variable that C# may not change: the compiler calls the member on a copy.</summary>
    private void CheckHiddenCopy(MemberEffect effect, OwnerKind kind, ISymbol member, IOperation instance)
    {
        bool changes = effect is MemberEffect.Dispose or MemberEffect.Move or MemberEffect.Release or MemberEffect.Resize or MemberEffect.Grow;
        if (!changes || kind is not (OwnerKind.Buffer or OwnerKind.ScratchList) || member is IMethodSymbol { IsReadOnly: true })
        {
            return;
        }

        bool isReadOnly = instance switch
        {
            IParameterReferenceOperation { Parameter.RefKind: RefKind.In or RefKind.RefReadOnlyParameter } => true,
            ILocalReferenceOperation { Local.RefKind: RefKind.RefReadOnly } => true,
            IFieldReferenceOperation field => IsReadOnly(field),
            IInvocationOperation { TargetMethod.RefKind: RefKind.RefReadOnly } => true,
            IPropertyReferenceOperation { Property.RefKind: RefKind.RefReadOnly } => true,
            _ => false,
        };
        if (isReadOnly)
        {
            body.Findings.Fail(Mistake.Copied, instance.Syntax, Body.NameOf(instance), null, EndKind.None, null);
        }
    }

    private bool IsReadOnly(IFieldReferenceOperation field)
    {
        bool isInConstructor = body.Method is { MethodKind: MethodKind.Constructor or MethodKind.StaticConstructor };
        return (field.Field.IsReadOnly && !isInConstructor)
            || (field.Instance is IInstanceReferenceOperation && body.Method is { IsReadOnly: true })
            || field.Instance is IParameterReferenceOperation { Parameter.RefKind: RefKind.In or RefKind.RefReadOnlyParameter };
    }
}
