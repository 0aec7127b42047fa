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
            case IIsNullOperation isNull when outcome:
                SetNull(body, state, isNull.Operand);
                break;
            case IBinaryOperation { RightOperand.ConstantValue: { HasValue: true, Value: null } } comparison
                when comparison.OperatorKind == (outcome ? BinaryOperatorKind.Equals : BinaryOperatorKind.NotEquals):
                SetNull(body, state, comparison.LeftOperand);
                break;
            case IIsPatternOperation { Pattern: IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } } } pattern when outcome:
                SetNull(body, state, pattern.Value);
                break;
            default:
                break;
        }
    }

    private static void SetNull(Body body, State state, IOperation operand)
    {
        int variable = operand switch
        {
            ILocalReferenceOperation { Local.RefKind: RefKind.None } local => body.Variables.Of(local.Local),
            IParameterReferenceOperation parameter => body.Variables.Of(parameter.Parameter),
            IFlowCaptureReferenceOperation capture => state[body.Variables.Of(capture.Id)].Variable,
            _ => -1,
        };
        if (variable >= 0 && !state[variable].HasContent)
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
