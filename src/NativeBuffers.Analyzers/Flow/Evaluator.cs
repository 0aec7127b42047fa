using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs one operation of a flow graph on one state.</summary>
internal sealed class Evaluator
{
    private readonly Body _body;
    private readonly Calls _calls;
    private readonly Assignments _assignments;

    public Evaluator(Body body, State state, Chooser chooser)
    {
        _body = body;
        State = state;
        Chooser = chooser;
        _calls = new Calls(body, this);
        _assignments = new Assignments(body, this, _calls);
    }

    /// <summary>The state that changes.</summary>
    public State State { get; set; }

    /// <summary>The choices of this run.</summary>
    public Chooser Chooser { get; }

    private Owners Owners => _body.Owners;

    /// <summary>Runs an operation, and returns its result.</summary>
    public Value Run(IOperation? operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case null:
                return Value.Unknown;
            case IExpressionStatementOperation statement:
                return RunStatement(statement);
            case IFlowCaptureOperation capture:
                return RunCapture(capture);
            case IFlowCaptureReferenceOperation reference:
                Value captured = State[_body.Variables.Of(reference.Id)];
                return captured.IsReference ? State[captured.Variable].At(captured.Variable, reference.Syntax) : captured;
            case ISimpleAssignmentOperation assignment:
                return _assignments.Run(assignment);
            case ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation:
                return Read(operation);
            case IPropertyReferenceOperation property when _body.Variables.Of(property) >= 0:
                return Read(operation);
            case ILiteralOperation or IDefaultValueOperation or { ConstantValue.HasValue: true }:
                return Value.OfConstant(operation);
            case IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not:
                return Run(not.Operand).Bool is { } known ? Value.Of(!known) : Value.Unknown;
            case IUnaryOperation { OperatorMethod: null } unary:
                return RunArithmetic(unary);
            case IBinaryOperation { OperatorMethod: null } binary:
                return RunBinary(binary);
            case IIsNullOperation isNull:
                return IsNull(Run(isNull.Operand)) is { } isIt ? Value.Of(isIt) : Value.Unknown;
            case IIsPatternOperation pattern:
                return Patterns.Run(_body, this, pattern);
            case IConversionOperation conversion:
                return RunConversion(conversion);
            case IInvocationOperation or IObjectCreationOperation or ICollectionExpressionOperation or IPropertyReferenceOperation:
                return _calls.Run(operation);
            case IImplicitIndexerReferenceOperation { IndexerSymbol: IMethodSymbol slice } range:
                return _calls.RunRange(range, slice);
            case IArrayElementReferenceOperation element:
                return RunElement(element);
            case IDeconstructionAssignmentOperation deconstruction:
                return _assignments.Run(deconstruction);
            case IIncrementOrDecrementOperation or ICompoundAssignmentOperation:
                return _assignments.RunChange(operation);
            case IDeclarationExpressionOperation declaration:
                return Run(declaration.Expression);
            case IAddressOfOperation address:
                return Reference(address.Reference);
            case IAwaitOperation awaited:
                Value result = Run(awaited.Operation);
                Owners.Await(State, result, Body.PlaceOf(awaited.Operation));
                _body.Called(State);
                State.ForgetAnswers();
                return Value.OfLoans(result.Loans.RemoveAll(static loan => loan.IsPending));
            case IReturnOperation { ReturnedValue: { } yielded }:
                Owners.Escape(State, Use(Run(yielded), yielded));
                return Value.Unknown;
            case IFlowAnonymousFunctionOperation lambda:
                _body.Flights.Start(State, lambda.Symbol, _body.Variables);
                return Value.Unknown;
            case IInstanceReferenceOperation:
                return Value.Unknown;
            default:
                return RunOther(operation);
        }
    }

    /// <summary>True for an expression that names a variable which is no reference.</summary>
    public static bool IsVariable(IOperation operation) => operation switch
    {
        ILocalReferenceOperation local => local.Local.RefKind == RefKind.None,
        IParameterReferenceOperation parameter => parameter.Parameter.RefKind == RefKind.None,
        _ => operation is IFieldReferenceOperation,
    };

    /// <summary>Runs an operation for the place that it names: the result of a reference expression is a view of its target.</summary>
    public Value Reference(IOperation operation)
    {
        switch (operation)
        {
            case not null when IsVariable(operation):
                int variable = VariableOf(operation);
                if (variable >= 0)
                {
                    _body.Variables.PinVariable(variable);
                    return Value.ReferenceTo(variable);
                }

                return Run(operation);
            case ILocalReferenceOperation or IParameterReferenceOperation:
                int reference = RawVariableOf(operation);
                return State[reference];
            case IInvocationOperation or IPropertyReferenceOperation:
                return _calls.RunReference(operation);
            case IArrayElementReferenceOperation element:
                Value array = Run(element.ArrayReference);
                RunAll(element.Indices);
                return UseOwner(array, element.Syntax) is { Object: >= 0 } owner
                    ? Owners.View(State, owner, element.Syntax, lasting: false)
                    : array;
            default:
                return Run(operation);
        }
    }

    /// <summary>The variable that an expression names, through references; -1 if it names none.</summary>
    public int VariableOf(IOperation? operation)
    {
        if (operation is IFlowCaptureReferenceOperation capture)
        {
            return State[_body.Variables.Of(capture.Id)].Variable;
        }

        int variable = RawVariableOf(operation);
        return variable >= 0 && State[variable].IsReference ? State[variable].Variable : variable;
    }

    /// <summary>Uses a value that is a view.</summary>
    public Value Use(Value value, IOperation operation)
    {
        _body.UseView(State, value, Body.PlaceOf(operation));
        return value;
    }

    /// <summary>Uses a value that is an owner.</summary>
    public Value UseOwner(Value value, SyntaxNode place)
    {
        if (value.Object >= 0)
        {
            Owners.Use(State, value, place);
        }
        else
        {
            _body.UseView(State, value, place);
        }

        return value;
    }

    /// <summary>Runs operations for their effects.</summary>
    public void RunAll(IEnumerable<IOperation> operations)
    {
        foreach (IOperation operation in operations)
        {
            Use(Run(operation), operation);
        }
    }

    /// <summary>Gives a variable a value.</summary>
    public void Store(int variable, Value value)
    {
        if (variable >= 0)
        {
            _body.Conditions.Changed(State, variable);
            State[variable] = value.Content();
            foreach (int field in _body.Variables.FieldsOf(variable))
            {
                State[field] = Value.Unknown;
            }
        }
    }

    /// <summary>The object in a place of an owner's type: one that other code owns, if nothing is known of it.</summary>
    public Value OwnerIn(Value value, IOperation operation)
    {
        OwnerKind kind = Owners.KindOf(operation.Type);
        if (value.HasContent || kind == OwnerKind.None)
        {
            return value;
        }

        int variable = VariableOf(operation);
        Value met = Owners.Meet(State, kind, operation.Syntax, Body.NameOf(operation));
        if (variable >= 0)
        {
            State[variable] = met;
            return met.At(variable, operation.Syntax);
        }

        return met;
    }

    private Value RunStatement(IExpressionStatementOperation statement)
    {
        Value result = Run(statement.Operation);
        if (statement.Syntax.Parent is LambdaExpressionSyntax || statement.Operation.Syntax.Parent is LambdaExpressionSyntax)
        {
            // () => owner.Borrow(): the caller of the lambda decides what becomes of the result.
            Owners.Escape(State, result);
        }

        return result;
    }

    private Value RunCapture(IFlowCaptureOperation capture)
    {
        Value value = _body.WrittenThrough.Contains(capture.Id) ? Reference(capture.Value) : Run(capture.Value);
        if (_body.DisposedByUsing.Contains(capture.Id))
        {
            value = OwnerIn(value, capture.Value);
            if (value.Object >= 0 && value.Place is not null && Owners.MustNotBeCopied(State.Objects[value.Object].Kind))
            {
                // The loan shows later whether the variable was resized or moved inside the statement.
                value = value.With(value.Object, [new Loan(value.Object, value.Place, SurvivesResize: false, EndKind.None, null)]);
            }
        }

        State[_body.Variables.Of(capture.Id)] = value;
        return value;
    }

    private Value Read(IOperation operation)
    {
        int raw = RawVariableOf(operation);
        if (raw < 0)
        {
            if (operation is IFieldReferenceOperation { Instance: { } instance })
            {
                Value owner = Run(instance);
                if (!owner.Loans.IsEmpty && owner.Object < 0)
                {
                    Use(owner, operation);
                    return _body.Types.IsView(operation.Type) ? owner.Content() : Value.Unknown;
                }
            }

            return Value.Unknown.At(-1, operation.Syntax);
        }

        Value value = State[raw];
        if (value.IsReference)
        {
            return State[value.Variable].At(value.Variable, operation.Syntax);
        }

        if (operation is ILocalReferenceOperation { Local.RefKind: not RefKind.None } or IParameterReferenceOperation { Parameter.RefKind: not RefKind.None }
            && !_body.Types.IsView(operation.Type))
        {
            Use(value, operation);
        }

        return value.At(raw, operation.Syntax);
    }

    /// <summary>The variable that an expression names, itself a reference or not; -1 if it names none.</summary>
    public int RawVariableOf(IOperation? operation) => operation switch
    {
        ILocalReferenceOperation local => _body.Variables.Of(local.Local),
        IParameterReferenceOperation parameter => _body.Variables.Of(parameter.Parameter),
        IFieldReferenceOperation field => _body.Variables.Of(field),
        IPropertyReferenceOperation property => _body.Variables.Of(property),
        IDeclarationExpressionOperation declaration => RawVariableOf(declaration.Expression),
        IConversionOperation { IsImplicit: true, OperatorMethod: null } conversion => RawVariableOf(conversion.Operand),
        _ => -1,
    };

    private Value RunArithmetic(IUnaryOperation unary)
    {
        Value operand = Run(unary.Operand);
        return operand.Loans.IsEmpty ? Value.Unknown : operand.Content();
    }

    private Value RunBinary(IBinaryOperation binary)
    {
        int held = State.HeldCount;
        State.Hold(Run(binary.LeftOperand));
        Value right = Run(binary.RightOperand);
        Value left = State.Release(held)[0];
        if (left.IsNull && binary.RightOperand.ConstantValue is { HasValue: true, Value: 0 or 0L })
        {
            return CompareZero(binary.OperatorKind);
        }

        if (binary.OperatorKind is BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals)
        {
            bool? equal = right.IsNull ? IsNull(left) : left.IsNull ? IsNull(right) : left.Bool is { } l && right.Bool is { } r ? l == r : null;
            return equal is { } known ? Value.Of(known == (binary.OperatorKind == BinaryOperatorKind.Equals)) : Value.Unknown;
        }

        return left.Loans.IsEmpty && right.Loans.IsEmpty ? Value.Unknown : Value.OfLoans([.. left.Loans, .. right.Loans]);
    }

    /// <summary>The length of an owner that has ended, compared with 0.</summary>
    private static Value CompareZero(BinaryOperatorKind comparison) => comparison switch
    {
        BinaryOperatorKind.Equals or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThanOrEqual => Value.True,
        BinaryOperatorKind.NotEquals or BinaryOperatorKind.LessThan or BinaryOperatorKind.GreaterThan => Value.False,
        _ => Value.Unknown,
    };

    /// <summary>Whether a value is null; null if that is not known.</summary>
    public bool? IsNull(Value value) => value.IsNull ? true : value.Object >= 0 && !State.Objects[value.Object].MayBeNull ? false : null;

    private Value RunConversion(IConversionOperation conversion)
    {
        Value value = Run(conversion.Operand);
        if (conversion.OperatorMethod is { } method && LibraryTypes.IsOurs(method.ContainingType) && Owners.KindOf(method.ContainingType) != OwnerKind.None)
        {
            Value owner = OwnerIn(value, conversion.Operand);
            UseOwner(owner, conversion.Operand.Syntax);
            return Owners.View(State, owner, conversion.Operand.Syntax, lasting: false);
        }

        if (value.Object >= 0 && State.Objects[value.Object].Kind == OwnerKind.PoolArray && _body.Types.IsView(conversion.Type))
        {
            Owners.Use(State, value, conversion.Operand.Syntax);
            return Owners.View(State, value, conversion.Operand.Syntax, lasting: false);
        }

        bool keeps = _body.Types.IsView(conversion.Type) || value.Object >= 0 || value.Loans.All(static loan => loan.IsPending);
        return keeps ? value : Value.Unknown;
    }

    private Value RunElement(IArrayElementReferenceOperation element)
    {
        Value array = Run(element.ArrayReference);
        RunAll(element.Indices);
        UseOwner(array, element.Syntax);
        return array.Object < 0 && _body.Types.IsTask(element.Type) ? TaskCollections.OneOf(State, array) : Value.Unknown.At(-1, element.Syntax);
    }

    /// <summary>Runs a target through a pointer, <c>*p</c> or <c>p[1]</c>, for the place that it names.</summary>
    public Value RunPlace(IOperation target)
    {
        Value place = Value.Unknown;
        foreach (IOperation child in target.ChildOperations)
        {
            Value value = Use(Run(child), child);
            if (child.Type is { TypeKind: TypeKind.Pointer })
            {
                place = value;
            }
        }

        return place;
    }

    /// <summary>Runs an operation without a meaning of its own: owners in it escape, views in it are used.</summary>
    public Value RunOther(IOperation operation)
    {
        List<Loan> loans = [];
        foreach (IOperation child in operation.ChildOperations)
        {
            Value value = Run(child);
            if (value.Object >= 0 && operation.Type is { TypeKind: TypeKind.Pointer })
            {
                // fixed (T* p = owner) calls GetPinnableReference.
                Owners.Use(State, value, child.Syntax);
                value = Owners.View(State, value, child.Syntax, lasting: false);
                loans.AddRange(value.Loans);
                continue;
            }

            Use(value, child);
            Owners.Escape(State, value);
            loans.AddRange(value.Loans);
        }

        // An array of tasks is as pending as its tasks.
        bool isView = operation.Type is { IsRefLikeType: true } or { TypeKind: TypeKind.Pointer };
        return Value.OfLoans(isView ? loans : loans.FindAll(static loan => loan.IsPending));
    }
}
