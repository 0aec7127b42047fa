using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Raw;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>NB0008: an unchecked product of <c>int</c> is the size of a raw allocation.</summary>
internal static class UncheckedByteCount
{
    /// <summary>The rule.</summary>
    public static readonly DiagnosticDescriptor Descriptor = OwnershipRule.Describe(
        "NB0008",
        "An unchecked product is the size of an allocation",
        "The product '{0}' may wrap, and then {1} allocates a block that is too short",
        DiagnosticSeverity.Warning,
        "A product of int wraps without an exception above 2,147,483,647. Write checked(count * size), or let an owner multiply.");

    /// <summary>Looks at the sizes that one call gets.</summary>
    public static void Check(OperationAnalysisContext context, RawFunctions functions)
    {
        var call = (IInvocationOperation)context.Operation;
        if (functions.Find(call) is not { TakesByteCount: true })
        {
            return;
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter?.Type.SpecialType is SpecialType.System_Int32 or SpecialType.System_IntPtr or SpecialType.System_UIntPtr
                && FindProduct(argument.Value, context.ContainingSymbol) is { } product)
            {
                context.ReportDiagnostic(
                    Diagnostic.Create(Descriptor, product.Syntax.GetLocation(), product.Syntax.ToString(), RawFunction.NameOf(call.TargetMethod)));
            }
        }
    }

    /// <summary>A product that may wrap, in a size or in the one value of a variable that is the size.</summary>
    private static IBinaryOperation? FindProduct(IOperation size, ISymbol method) => size switch
    {
        { ConstantValue.HasValue: true } => null,
        IConversionOperation conversion => FindProduct(conversion.Operand, method),
        IParenthesizedOperation parenthesized => FindProduct(parenthesized.Operand, method),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Add or BinaryOperatorKind.Subtract } sum =>
            FindProduct(sum.LeftOperand, method) ?? FindProduct(sum.RightOperand, method),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Multiply, IsChecked: false } product => MayWrap(product) ? product : null,
        ILocalReferenceOperation local => OnlyValueOf(local) is { } value ? FindProduct(value, method) : null,
        _ => null,
    };

    private static bool MayWrap(IBinaryOperation product) =>
        product.Type?.SpecialType is SpecialType.System_Int32 or SpecialType.System_UInt32
        && !(IsFixed(product.LeftOperand) && IsFixed(product.RightOperand))
        && BitsOf(product.LeftOperand) + BitsOf(product.RightOperand) > (product.Type.SpecialType == SpecialType.System_UInt32 ? 32 : 31)
        && !IsBounded(product.LeftOperand)
        && !IsBounded(product.RightOperand);

    /// <summary>True for a constant and the size of a type: a product of these is the same in each run, and the first run shows whether it wraps.</summary>
    private static bool IsFixed(IOperation value) => Strip(value) switch
    {
        { ConstantValue.HasValue: true } or ISizeOfOperation => true,
        IInvocationOperation { TargetMethod: { Name: "SizeOf", ContainingType.Name: "Marshal" or "Unsafe" } } => true,
        IPropertyReferenceOperation { Property: { Name: "Size", ContainingType.SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr } } => true,
        ILocalReferenceOperation local => OnlyValueOf(local) is { } only && only is not ILocalReferenceOperation && IsFixed(only),
        _ => false,
    };

    /// <summary>The bits that a value needs at most, without its sign.</summary>
    private static int BitsOf(IOperation value)
    {
        if (value.ConstantValue is { HasValue: true, Value: int constant })
        {
            int bits = 0;
            for (long rest = Math.Abs((long)constant); rest > 1; rest = (rest + 1) >> 1)
            {
                bits++;
            }

            return bits;
        }

        return value switch
        {
            IConversionOperation conversion => BitsOf(conversion.Operand),
            IParenthesizedOperation parenthesized => BitsOf(parenthesized.Operand),
            _ => value.Type?.SpecialType switch
            {
                SpecialType.System_Boolean => 1,
                SpecialType.System_Byte or SpecialType.System_SByte => 8,
                SpecialType.System_Int16 => 15,
                SpecialType.System_UInt16 or SpecialType.System_Char => 16,
                _ => 32,
            },
        };
    }

    /// <summary>True if the method compares the value with a limit: with a constant above zero, or with a quotient.</summary>
    private static bool IsBounded(IOperation value)
    {
        ISymbol? symbol = SymbolOf(value);
        return symbol is not null && Root(value).Descendants().Any(
            operation => operation switch
            {
                IBinaryOperation { OperatorKind: BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual } test =>
                    (Is(test.LeftOperand, symbol) && IsLimit(test.RightOperand)) || (Is(test.RightOperand, symbol) && IsLimit(test.LeftOperand)),
                IBinaryOperation { OperatorKind: BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual } test =>
                    (Is(test.LeftOperand, symbol) && IsLimit(test.RightOperand)) || (Is(test.RightOperand, symbol) && IsLimit(test.LeftOperand)),
                IInvocationOperation { TargetMethod.Name: "ThrowIfGreaterThan" or "ThrowIfGreaterThanOrEqual" or "Min" or "Clamp" } guard =>
                    guard.Arguments.Any(argument => Is(argument.Value, symbol)),
                IRelationalPatternOperation { OperatorKind: BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual } => false,
                _ => false,
            });
    }

    private static bool IsLimit(IOperation value) => Strip(value) switch
    {
        { ConstantValue: { HasValue: true, Value: int and <= 1 } } => false,
        { ConstantValue.HasValue: true } => true,
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Divide } => true,
        _ => false,
    };

    private static bool Is(IOperation value, ISymbol symbol) => SymbolEqualityComparer.Default.Equals(SymbolOf(value), symbol);

    private static ISymbol? SymbolOf(IOperation value) => Strip(value) switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IFieldReferenceOperation field => field.Field,
        IPropertyReferenceOperation property => property.Property,
        _ => null,
    };

    private static IOperation Strip(IOperation value) => value switch
    {
        IConversionOperation conversion => Strip(conversion.Operand),
        IParenthesizedOperation parenthesized => Strip(parenthesized.Operand),
        _ => value,
    };

    /// <summary>The value of a variable that is assigned where it is declared, and nowhere else.</summary>
    private static IOperation? OnlyValueOf(ILocalReferenceOperation reference)
    {
        IOperation? only = null;
        foreach (IOperation operation in Root(reference).Descendants())
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation { Initializer.Value: var value } declarator
                    when SymbolEqualityComparer.Default.Equals(declarator.Symbol, reference.Local):
                    only = value;
                    break;
                case IAssignmentOperation assignment when Is(assignment.Target, reference.Local):
                case IIncrementOrDecrementOperation step when Is(step.Target, reference.Local):
                case IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } argument when Is(argument.Value, reference.Local):
                    return null;
            }
        }

        return only;
    }

    private static IOperation Root(IOperation operation)
    {
        while (operation.Parent is { } parent)
        {
            operation = parent;
        }

        return operation;
    }
}
