using System.Collections.Generic;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Conditions that a body tests more than once, and that are the same each time unless a variable of theirs changes.</summary>
/// <remarks>A second test of the same condition then has the result of the first one: correlated branches stay silent.</remarks>
internal sealed class Conditions
{
    private readonly Dictionary<string, Condition> _tested = [];
    private readonly Dictionary<IOperation, int> _known = [];
    private readonly Variables _variables;

    public Conditions(ControlFlowGraph graph, Variables variables)
    {
        _variables = variables;
        foreach (BasicBlock block in graph.Blocks)
        {
            if (block.ConditionKind != ControlFlowConditionKind.None && block.BranchValue is { } test && TextOf(test, []) is { } text)
            {
                _tested[text] = _tested.TryGetValue(text, out Condition? known) ? known with { Count = known.Count + 1 } : NewCondition(test, text);
            }
        }
    }

    /// <summary>The pseudo variable of a test that occurs several times; otherwise -1.</summary>
    public int VariableOf(IOperation test)
    {
        if (!_known.TryGetValue(test, out int variable))
        {
            bool isRepeated = TextOf(test, []) is { } text && _tested.TryGetValue(text, out Condition? condition) && condition.Count > 1;
            variable = isRepeated ? _variables.OfCondition(TextOf(test, [])!) : -1;
            _known.Add(test, variable);
        }

        return variable;
    }

    /// <summary>Forgets the conditions that depend on a variable that changes.</summary>
    public void Changed(State state, int variable)
    {
        foreach (KeyValuePair<string, Condition> tested in _tested)
        {
            if (tested.Value.Count > 1 && tested.Value.Variables.Contains(variable))
            {
                state[_variables.OfCondition(tested.Key)] = Value.Unknown;
            }
        }
    }

    /// <summary>Forgets the conditions that read fields and properties: a call may change them.</summary>
    public void Called(State state)
    {
        foreach (KeyValuePair<string, Condition> tested in _tested)
        {
            if (tested.Value.Count > 1 && tested.Value.ReadsFields)
            {
                state[_variables.OfCondition(tested.Key)] = Value.Unknown;
            }
        }
    }

    private Condition NewCondition(IOperation test, string text)
    {
        HashSet<int> variables = [];
        _ = TextOf(test, variables);
        return new Condition(1, variables, text.Contains(".") || text.Contains("["));
    }

    /// <summary>A text that is the same for the same condition; null if it depends on a call.</summary>
    private string? TextOf(IOperation? operation, HashSet<int> variables)
    {
        switch (operation)
        {
            case null:
                return string.Empty;
            case { ConstantValue: { HasValue: true, Value: var constant } }:
                return "'" + System.Convert.ToString(constant, CultureInfo.InvariantCulture) + "'";
            case ILocalReferenceOperation { Local: var local }:
                return OfVariable(local, variables);
            case IParameterReferenceOperation { Parameter: var parameter }:
                return OfVariable(parameter, variables);
            case IInstanceReferenceOperation:
                return "this";
            case IFieldReferenceOperation field:
                return TextOf(field.Instance, variables) is { } instance ? instance + "." + field.Field.Name : null;
            case IPropertyReferenceOperation { Arguments.IsEmpty: true } property:
                return TextOf(property.Instance, variables) is { } owner ? owner + "." + property.Property.Name : null;
            case IBinaryOperation binary:
                return TextOf(binary.LeftOperand, variables) is { } left && TextOf(binary.RightOperand, variables) is { } right
                    ? "(" + left + binary.OperatorKind + right + ")"
                    : null;
            case IUnaryOperation unary:
                return TextOf(unary.Operand, variables) is { } operand ? "(" + unary.OperatorKind + operand + ")" : null;
            case IConversionOperation { OperatorMethod: null } conversion:
                return TextOf(conversion.Operand, variables);
            case IIsPatternOperation { Pattern: IConstantPatternOperation constant } pattern:
                return TextOf(pattern.Value, variables) is { } tested && TextOf(constant.Value, variables) is { } wanted
                    ? "(" + tested + "Is" + wanted + ")"
                    : null;
            case IIsTypeOperation type:
                return TextOf(type.ValueOperand, variables) is { } value ? "(" + value + "Is" + type.TypeOperand.ToDisplayString() + ")" : null;
            case IIsNullOperation isNull:
                return TextOf(isNull.Operand, variables) is { } nullable ? "(" + nullable + "IsNull)" : null;
            default:
                return null;
        }
    }

    private string? OfVariable(ISymbol symbol, HashSet<int> variables)
    {
        int number = _variables.Of(symbol);
        if (number < 0)
        {
            return null;
        }

        variables.Add(number);
        return "v" + number.ToString(CultureInfo.InvariantCulture);
    }

    private sealed record Condition(int Count, HashSet<int> Variables, bool ReadsFields);
}
