using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

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

        RunTarget(assignment.Target);
        Value value = evaluator.Run(assignment.Value);
        calls.CopyInto(value, assignment.Value);
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
        IOperation target = operation is ICompoundAssignmentOperation compound ? compound.Target : ((IIncrementOrDecrementOperation)operation).Target;
        Value value = evaluator.RunOther(operation);
        if (Evaluator.IsVariable(target))
        {
            evaluator.Store(evaluator.VariableOf(target), value);
        }

        return value;
    }

    /// <summary>Runs the parts of a target: the instance, the index, the reference that is written through.</summary>
    private void RunTarget(IOperation target)
    {
        switch (target)
        {
            case ILocalReferenceOperation { Local.RefKind: not RefKind.None }:
                Value reference = evaluator.State[evaluator.RawVariableOf(target)];
                if (!reference.IsReference)
                {
                    evaluator.Use(reference, target);
                }

                break;
            case ILocalReferenceOperation or IParameterReferenceOperation or IDeclarationExpressionOperation or IDiscardOperation:
                break;
            case IFlowCaptureReferenceOperation capture:
                if (evaluator.State[body.Variables.Of(capture.Id)] is { Variable: < 0 } view)
                {
                    evaluator.Use(view, target);
                }

                break;
            case IFieldReferenceOperation field when body.Variables.Of(field) < 0:
                evaluator.UseOwner(evaluator.Run(field.Instance), field.Syntax);
                break;
            case IFieldReferenceOperation:
                break;
            default:
                evaluator.Use(evaluator.Run(target), target);
                break;
        }
    }

    private void Assign(IOperation target, Value value)
    {
        if (target is IDeclarationExpressionOperation declaration)
        {
            target = declaration.Expression;
        }

        int variable = evaluator.VariableOf(target);
        bool isThroughView = variable == evaluator.RawVariableOf(target) && target is ILocalReferenceOperation { Local.RefKind: not RefKind.None };
        if (variable < 0 || isThroughView)
        {
            if (target is not IDiscardOperation)
            {
                Owners.Escape(evaluator.State, value);
            }

            return;
        }

        if (body.Variables.IsField(variable))
        {
            Owners.Escape(evaluator.State, value);
        }

        evaluator.Store(variable, value);
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
        List<Value> results = [];
        foreach (IOperation element in values.Elements)
        {
            Value value = evaluator.Run(element);
            calls.CopyInto(value, element);
            results.Add(value);
        }

        if (target is IDeclarationExpressionOperation declaration)
        {
            target = declaration.Expression;
        }

        if (target is ITupleOperation { Elements: var targets } && targets.Length == results.Count)
        {
            for (int i = 0; i < targets.Length; i++)
            {
                RunTarget(targets[i]);
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
