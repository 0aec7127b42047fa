using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Adds the facts that the outcome of a test gives to a path.</summary>
internal static class Assumptions
{
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

    private static void SetNull(Body body, State state, IOperation operand, bool isNull)
    {
        int variable = operand switch
        {
            ILocalReferenceOperation { Local.RefKind: RefKind.None } local => body.Variables.Of(local.Local),
            IParameterReferenceOperation parameter => body.Variables.Of(parameter.Parameter),
            IFieldReferenceOperation field => body.Variables.Of(field),
            IFlowCaptureReferenceOperation capture when state[body.Variables.Of(capture.Id)] is { Object: >= 0 } => body.Variables.Of(capture.Id),
            IFlowCaptureReferenceOperation capture => state[body.Variables.Of(capture.Id)].Variable,
            IConversionOperation { OperatorMethod: null, Operand: ILocalReferenceOperation local } => body.Variables.Of(local.Local),
            _ => -1,
        };
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
    }

    private static void Set(State state, int variable, Value value)
    {
        if (variable >= 0 && !state[variable].HasContent)
        {
            state[variable] = value;
        }
    }
}
