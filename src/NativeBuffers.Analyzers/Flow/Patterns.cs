using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs patterns: tests for null and conditions, and variables that patterns declare.</summary>
internal static class Patterns
{
    /// <summary>Runs <c>x is pattern</c>.</summary>
    public static Value Run(Body body, Evaluator evaluator, IIsPatternOperation operation)
    {
        Value value = evaluator.Run(operation.Value);
        return Match(body, evaluator, operation.Pattern, value) is { } known ? Value.Of(known) : Value.Unknown;
    }

    private static bool? Match(Body body, Evaluator evaluator, IPatternOperation pattern, Value value)
    {
        switch (pattern)
        {
            case IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: null } }:
                return evaluator.IsNull(value);
            case IConstantPatternOperation { Value.ConstantValue: { HasValue: true, Value: bool wanted } }:
                return value.Bool is { } known ? known == wanted : null;
            case INegatedPatternOperation negated:
                return Match(body, evaluator, negated.Pattern, value) is { } inner ? !inner : null;
            case IDeclarationPatternOperation { DeclaredSymbol: { } declared }:
                evaluator.Store(body.Variables.Of(declared), value);
                return value.IsNull ? false : null;
            case IRecursivePatternOperation recursive:
                if (recursive.DeclaredSymbol is { } symbol)
                {
                    evaluator.Store(body.Variables.Of(symbol), value);
                }

                bool isSimple = recursive.PropertySubpatterns.IsEmpty && recursive.DeconstructionSubpatterns.IsEmpty
                    && SymbolEqualityComparer.Default.Equals(recursive.MatchedType, recursive.InputType);
                return value.IsNull ? false : isSimple && evaluator.IsNull(value) == false ? true : null;
            default:
                return null;
        }
    }
}
