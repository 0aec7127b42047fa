using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs assignments: to variables, through references and views, and to several targets at once.</summary>
internal sealed class Assignments(Body body, Evaluator evaluator, Calls calls)
{
    /// <summary>Runs <c>x = y</c>.</summary>
    public Value Run(ISimpleAssignmentOperation assignment)
    {
        // The variable of foreach (ref T x in …) is bound without IsRef.
        if (assignment.IsRef || assignment is { IsImplicit: true, Target: ILocalReferenceOperation { Local.RefKind: not RefKind.None } })
        {
            Value reference = evaluator.Reference(assignment.Value);
            int target = evaluator.RawVariableOf(assignment.Target);
            if (target >= 0)
            {
                evaluator.State[target] = reference.Content();
            }

            return reference;
        }

        if (assignment.Target is ILocalReferenceOperation { Local: var holder } && body.Variables.IsHolder(holder))
        {
            AssignParts(holder, Holders.PartsOf(assignment.Value));
            return Value.Unknown;
        }

        if (body.OwnedCollections.Contains(assignment.Target)
            && OwnedCollections.Inner(assignment.Value) is ICollectionExpressionOperation { Elements: var elements }
            && elements.All(static element => element is not ISpreadOperation))
        {
            foreach (IOperation element in elements)
            {
                Owners.KeepInCollection(evaluator.State, evaluator.Use(evaluator.Run(element), element));
            }

            return Value.Unknown;
        }

        int held = evaluator.State.HeldCount;
        evaluator.State.Hold(RunPlace(assignment.Target));
        Value value = evaluator.Run(assignment.Value);
        StoreThrough(evaluator.State.Release(held)[0], assignment.Syntax);
        if (Evaluator.IsVariable(assignment.Value))
        {
            // var p = _owner: both name one object from now on.
            value = evaluator.OwnerIn(value, assignment.Value);
        }

        calls.CopyInto(value, assignment.Value);
        if (!value.HasContent && Assumptions.IsKeptTest(body.Types, assignment))
        {
            // bool owns = given is null: each way has its own path.
            bool outcome = evaluator.Chooser.Choose(2) == 0;
            Assumptions.Assume(body, evaluator.State, assignment.Value, outcome);
            value = Value.Of(outcome);
        }

        Assign(assignment.Target, value);
        return value;
    }

    /// <summary>Runs <c>(x, y) = (y, x)</c>.</summary>
    public Value Run(IDeconstructionAssignmentOperation deconstruction)
    {
        if (deconstruction.Value is IConversionOperation { Operand: ITupleOperation converted })
        {
            AssignTuple(deconstruction.Target, converted);
        }
        else if (deconstruction.Value is ITupleOperation tuple)
        {
            AssignTuple(deconstruction.Target, tuple);
        }
        else if (deconstruction.Value is ILocalReferenceOperation { Local: var holder } && body.Variables.IsHolder(holder))
        {
            AssignFromParts(Holders.ElementsOf(deconstruction.Target), holder);
        }
        else
        {
            Owners.Escape(evaluator.State, evaluator.Use(evaluator.Run(deconstruction.Value), deconstruction.Value));
            Forget(deconstruction.Target);
        }

        return Value.Unknown;
    }

    /// <summary>Runs <c>x++</c> and <c>x += y</c>: x loses its facts, but a pointer stays a view.</summary>
    public Value RunChange(IOperation operation)
    {
        ICompoundAssignmentOperation? compound = operation as ICompoundAssignmentOperation;
        IOperation target = compound?.Target ?? ((IIncrementOrDecrementOperation)operation).Target;
        if (Evaluator.IsVariable(target))
        {
            Value changed = evaluator.RunOther(operation);
            evaluator.Store(evaluator.VariableOf(target), changed);
            return changed;
        }

        int held = evaluator.State.HeldCount;
        evaluator.State.Hold(RunPlace(target));
        if (compound is not null)
        {
            Owners.Escape(evaluator.State, evaluator.Use(evaluator.Run(compound.Value), compound.Value));
        }

        StoreThrough(evaluator.State.Release(held)[0], operation.Syntax);
        return Value.Unknown;
    }

    /// <summary>Runs a target for the reference that is written through later. One report is enough: a loan that has ended is not followed.</summary>
    private Value RunPlace(IOperation target)
    {
        Value place = RunTarget(target);
        return place.Object >= 0 ? Value.Unknown : Value.OfLoans(place.Loans.RemoveAll(static loan => loan.End != EndKind.None));
    }

    /// <summary>Runs the parts of a target (the instance, the index), and returns the reference to it.</summary>
    private Value RunTarget(IOperation target)
    {
        switch (target)
        {
            case ILocalReferenceOperation { Local.RefKind: not RefKind.None }:
                Value reference = evaluator.State[evaluator.RawVariableOf(target)];
                return reference.IsReference ? Value.Unknown : evaluator.Use(reference, target);
            case ILocalReferenceOperation or IParameterReferenceOperation or IDeclarationExpressionOperation or IDiscardOperation:
                return Value.Unknown;
            case IFlowCaptureReferenceOperation capture:
                return evaluator.State[body.Variables.Of(capture.Id)] is { Variable: < 0 } view ? evaluator.Use(view, target) : Value.Unknown;
            case IFieldReferenceOperation field when body.Variables.Of(field) < 0:
                return evaluator.UseOwner(evaluator.Run(field.Instance), field.Syntax);
            case IFieldReferenceOperation:
                return Value.Unknown;
            case IPropertyReferenceOperation { Property.RefKind: not RefKind.None } or IInvocationOperation or IArrayElementReferenceOperation:
                return evaluator.Reference(target);
            case { Kind: OperationKind.None }:
                return evaluator.RunPlace(target);
            default:
                return evaluator.Use(evaluator.Run(target), target);
        }
    }

    /// <summary>Writes through a reference that was taken before the value was computed: <c>list[0] = F(ref list)</c>.</summary>
    private void StoreThrough(Value reference, SyntaxNode place)
    {
        if (reference.Object < 0 && !reference.Loans.IsEmpty)
        {
            body.Owners.UseView(evaluator.State, reference, place);
        }
    }

    private void Assign(IOperation target, Value value)
    {
        if (target is IDeclarationExpressionOperation declaration)
        {
            target = declaration.Expression;
        }

        if (target is IArrayElementReferenceOperation element && TaskCollections.Add(body, evaluator, element.ArrayReference, value))
        {
            return;
        }

        if (body.OwnedCollections.Contains((target as IArrayElementReferenceOperation)?.ArrayReference ?? (target as IPropertyReferenceOperation)?.Instance))
        {
            Owners.KeepInCollection(evaluator.State, value);
            return;
        }

        int variable = evaluator.VariableOf(target);
        bool isThroughView = variable == evaluator.RawVariableOf(target) && target is ILocalReferenceOperation { Local.RefKind: not RefKind.None };
        if (variable < 0 || isThroughView)
        {
            if (target is not IDiscardOperation)
            {
                Owners.Escape(evaluator.State, value);
            }

            if (isThroughView && body.Types.KindOf(target.Type) != OwnerKind.None && evaluator.State[variable].Loans.IsEmpty)
            {
                // A reference to a place that is no variable: the place holds the new owner from now on.
                evaluator.Store(variable, value);
            }

            return;
        }

        if (body.Variables.IsField(variable))
        {
            Owners.Escape(evaluator.State, value);
        }

        evaluator.Store(variable, value);
    }

    /// <summary>Runs <c>var t = (x, y)</c>, where the parts of t are variables.</summary>
    private void AssignParts(ILocalSymbol holder, ImmutableArray<IOperation> parts)
    {
        int held = evaluator.State.HeldCount;
        foreach (IOperation part in parts)
        {
            Value value = evaluator.Use(evaluator.Run(part), part);
            evaluator.State.Hold(Evaluator.IsVariable(part) ? evaluator.OwnerIn(value, part) : value);
        }

        List<Value> values = evaluator.State.Release(held);
        for (int part = 0; part < values.Count; part++)
        {
            evaluator.Store(body.Variables.OfPart(holder, part), values[part]);
        }
    }

    /// <summary>Runs <c>(x, y) = t</c>.</summary>
    private void AssignFromParts(ImmutableArray<IOperation> targets, ILocalSymbol holder)
    {
        for (int part = 0; part < targets.Length; part++)
        {
            RunTarget(targets[part]);
            Assign(targets[part], evaluator.State[body.Variables.OfPart(holder, part)].Content());
        }
    }

    /// <summary>Notes that the variables of a target hold something new, of which nothing is known.</summary>
    private void Forget(IOperation target)
    {
        switch (target)
        {
            case IDeclarationExpressionOperation declaration:
                Forget(declaration.Expression);
                break;
            case ITupleOperation tuple:
                foreach (IOperation element in tuple.Elements)
                {
                    Forget(element);
                }

                break;
            default:
                RunTarget(target);
                Assign(target, Value.Unknown);
                break;
        }
    }

    private void AssignTuple(IOperation target, ITupleOperation values)
    {
        if (target is IDeclarationExpressionOperation declaration)
        {
            target = declaration.Expression;
        }

        ImmutableArray<IOperation> targets = target is ITupleOperation { Elements: var elements } && elements.Length == values.Elements.Length ? elements : [];
        int held = evaluator.State.HeldCount;
        foreach (IOperation element in targets)
        {
            evaluator.State.Hold(RunPlace(element));
        }

        List<Value> results = [];
        foreach (IOperation element in values.Elements)
        {
            Value value = evaluator.Run(element);
            calls.CopyInto(value, element);
            results.Add(value);
        }

        List<Value> references = evaluator.State.Release(held);
        if (!targets.IsEmpty)
        {
            for (int i = 0; i < targets.Length; i++)
            {
                StoreThrough(references[i], targets[i].Parent!.Syntax.Parent ?? targets[i].Syntax);
                Assign(targets[i], results[i]);
            }
        }
        else
        {
            results.ForEach(value => Owners.Escape(evaluator.State, value));
            Forget(target);
        }
    }
}
