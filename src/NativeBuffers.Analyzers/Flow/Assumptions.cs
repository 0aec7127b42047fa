using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Adds the facts that the outcome of a test gives to a path.</summary>
internal static class Assumptions
{
    /// <summary>True for the assignment of a null test of an owner to a local variable.</summary>
    public static bool IsKeptTest(LibraryTypes types, IOperation operation) =>
        operation is ISimpleAssignmentOperation { Target: ILocalReferenceOperation { Type.SpecialType: SpecialType.System_Boolean }, Value: var value }
            && TestedForNull(value) is { } tested && types.KindOf(Inner(tested).Type) != OwnerKind.None;

    private static IOperation? TestedForNull(IOperation test) => test switch
    {
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not => TestedForNull(not.Operand),
        IIsNullOperation isNull => isNull.Operand,
        IBinaryOperation
        {
            RightOperand.ConstantValue: { HasValue: true, Value: null },
            OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals,
        } comparison => comparison.LeftOperand,
        IIsPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } } pattern => pattern.Value,
        IIsPatternOperation
        {
            Pattern: INegatedPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } },
        } pattern => pattern.Value,
        _ => null,
    };

    /// <summary>Notes the outcome of a test.</summary>
    public static void Assume(Body body, State state, IOperation test, bool outcome)
    {
        int condition = body.Conditions.VariableOf(test);
        if (condition >= 0)
        {
            state[condition] = Value.Of(outcome);
        }

        switch (test)
        {
            case IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not:
                Assume(body, state, not.Operand, !outcome);
                break;
            case ILocalReferenceOperation { Local.RefKind: RefKind.None, Type.SpecialType: SpecialType.System_Boolean } local:
                Set(state, body.Variables.Of(local.Local), Value.Of(outcome));
                break;
            case IParameterReferenceOperation { Parameter.RefKind: RefKind.None, Type.SpecialType: SpecialType.System_Boolean } parameter:
                Set(state, body.Variables.Of(parameter.Parameter), Value.Of(outcome));
                break;
            case IFlowCaptureReferenceOperation capture when body.Variables.Of(capture.Id) is var number && state[number] is { Variable: >= 0 } captured:
                Set(state, captured.Variable, Value.Of(outcome));
                break;
            case IPropertyReferenceOperation { Property.Name: "IsDisposed", Instance: { } owner } when body.Types.KindOf(owner.Type) != OwnerKind.None:
                if (state[VariableOf(body, state, owner)] is { Object: >= 0 and var asked })
                {
                    state.Update(asked, state.Objects[asked] with { IsKnownDisposed = outcome });
                }

                break;
            case IIsNullOperation isNull:
                SetNull(body, state, isNull.Operand, outcome);
                break;
            case IBinaryOperation { RightOperand.ConstantValue: { HasValue: true, Value: null }, OperatorKind: BinaryOperatorKind.Equals } comparison:
                SetNull(body, state, comparison.LeftOperand, outcome);
                break;
            case IBinaryOperation { RightOperand.ConstantValue: { HasValue: true, Value: null }, OperatorKind: BinaryOperatorKind.NotEquals } comparison:
                SetNull(body, state, comparison.LeftOperand, !outcome);
                break;
            case IIsPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } } pattern:
                SetNull(body, state, pattern.Value, outcome);
                break;
            case IIsPatternOperation
            {
                Pattern: INegatedPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } },
            } pattern:
                SetNull(body, state, pattern.Value, !outcome);
                break;
            default:
                break;
        }
    }

    private static IOperation Inner(IOperation operand) => operand is IConversionOperation { OperatorMethod: null, Operand: var inner } ? inner : operand;

    private static int VariableOf(Body body, State state, IOperation operand) =>
        Inner(operand) switch
        {
            ILocalReferenceOperation { Local.RefKind: RefKind.None } local => body.Variables.Of(local.Local),
            IParameterReferenceOperation parameter => body.Variables.Of(parameter.Parameter),
            IFieldReferenceOperation field => body.Variables.Of(field),
            IFlowCaptureReferenceOperation capture when state[body.Variables.Of(capture.Id)] is { Object: >= 0 } => body.Variables.Of(capture.Id),
            IFlowCaptureReferenceOperation capture => state[body.Variables.Of(capture.Id)].Variable,
            _ => -1,
        };

    private static void SetNull(Body body, State state, IOperation operand, bool isNull)
    {
        int variable = VariableOf(body, state, operand);
        if (variable < 0)
        {
            return;
        }

        int tested = state[variable].Object;
        if (tested >= 0 && state.Objects[tested].MayBeNull)
        {
            if (isNull)
            {
                state.IsNotThere(tested);
            }
            else
            {
                state.IsThere(tested);
            }
        }
        else if (isNull && !state[variable].HasContent)
        {
            state[variable] = Value.Null;
        }
        else if (!state[variable].HasContent && body.Types.KindOf(Inner(operand).Type) is var kind && Owners.MayBeNull(kind))
        {
            Value met = Owners.Meet(state, kind, operand.Syntax, Body.NameOf(Inner(operand)));
            state.IsThere(met.Object);
            state[variable] = met;
        }
    }

    private static void Set(State state, int variable, Value value)
    {
        if (variable >= 0 && !state[variable].HasContent)
        {
            state[variable] = value;
        }
    }
}
