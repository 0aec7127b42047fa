using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Lambdas that start on another thread, and of which no code can learn that they are over: <c>_ = Task.Run(() => owner.Clear());</c>.</summary>
/// <remarks>
/// No variable holds the task, and the lambda reaches nothing by which it could tell its end. So no order of the two threads is sure: if the
/// method disposes the owner later, then the lambda may use it after that.
/// </remarks>
internal sealed class Flights(LibraryTypes types)
{
    private readonly Dictionary<ISymbol, List<(ISymbol Owner, SyntaxNode Use)>> _all = new(SymbolEqualityComparer.Default);

    /// <summary>Notes that a lambda uses an owner of the method around it; false if the lambda is none of these, or may tell its end.</summary>
    public bool Note(ISymbol owner, IOperation use, IOperation function)
    {
        if (function is not IAnonymousFunctionOperation lambda
            || !SymbolEqualityComparer.Default.Equals(lambda.Symbol.ContainingSymbol, owner.ContainingSymbol)
            || !IsDropped(FunctionRuns.Outermost(lambda))
            || !lambda.Body.Descendants().All(operation => IsSilent(operation, lambda.Symbol))
            || IsUsedLater(owner, lambda))
        {
            return false;
        }

        if (!_all.TryGetValue(lambda.Symbol, out List<(ISymbol Owner, SyntaxNode Use)>? uses))
        {
            _all.Add(lambda.Symbol, uses = []);
        }

        uses.Add((owner, (use.Parent is IMemberReferenceOperation or IInvocationOperation ? use.Parent : use).Syntax));
        return true;
    }

    /// <summary>Starts a lambda: its owners are used from now on, for an unknown time. Nothing says that the method must dispose them.</summary>
    public void Start(State state, ISymbol lambda, Variables variables)
    {
        if (!_all.TryGetValue(lambda, out List<(ISymbol Owner, SyntaxNode Use)>? uses))
        {
            return;
        }

        foreach ((ISymbol owner, SyntaxNode use) in uses)
        {
            if (state[variables.Of(owner)].Object is >= 0 and var number && state.Objects[number] is var used && !used.UsesInFlight.Contains(use))
            {
                state.Update(number, used with { HasEscaped = true, IsOwed = false, UsesInFlight = used.UsesInFlight.Add(use) });
            }
        }
    }

    /// <summary>True if a delegate goes to a call that starts it, and the result of the call is dropped.</summary>
    private static bool IsDropped(IOperation given)
    {
        IOperation? start = given.Parent is IArgumentOperation { Parent: var call } ? call : null;
        bool starts = start switch
        {
            IInvocationOperation { TargetMethod: { Name: "Run" } method } => FunctionRuns.IsOf(method, "Tasks", "Task"),
            IInvocationOperation { TargetMethod: { Name: "StartNew" } method } => FunctionRuns.IsOf(method, "Tasks", "TaskFactory"),
            IInvocationOperation { TargetMethod: { Name: "QueueUserWorkItem" or "UnsafeQueueUserWorkItem" } method } =>
                FunctionRuns.IsOf(method, "Threading", "ThreadPool"),
            IObjectCreationOperation { Constructor: { } constructor, Parent: IInvocationOperation { TargetMethod.Name: "Start" } } =>
                FunctionRuns.IsOf(constructor, "Threading", "Thread"),
            _ => false,
        };
        IOperation? result = start is IObjectCreationOperation ? start.Parent : start;
        return starts && (result!.Parent is IExpressionStatementOperation
            || result.Parent is ISimpleAssignmentOperation { Target: IDiscardOperation, Parent: IExpressionStatementOperation });
    }

    /// <summary>True for an operation that reaches only owners, views, and the variables of the lambda.</summary>
    private bool IsSilent(IOperation operation, IMethodSymbol lambda) => operation switch
    {
        ILocalReferenceOperation reference => IsOwn(reference, reference.Local, lambda),
        IParameterReferenceOperation reference => IsOwn(reference, reference.Parameter, lambda),
        IMemberReferenceOperation member => member is IFieldReferenceOperation or IPropertyReferenceOperation && IsOfMemory(member.Member.ContainingType),
        IInvocationOperation { TargetMethod: var method } => IsOfMemory(method.ContainingType) || IsWait(method),
        IObjectCreationOperation creation => IsOfMemory(creation.Type),
        IInstanceReferenceOperation or IAnonymousFunctionOperation or ILocalFunctionOperation or IDynamicInvocationOperation => false,
        _ => true,
    };

    /// <summary>True for a variable of the lambda, for an owner, and for a number that is only read.</summary>
    private bool IsOwn(IOperation reference, ISymbol variable, IMethodSymbol lambda) =>
        SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, lambda)
            || types.KindOf(reference.Type) is OwnerKind.Heap or OwnerKind.Pooled
            || (reference.Type is { SpecialType: >= SpecialType.System_Boolean and <= SpecialType.System_UIntPtr }
                && reference.Parent is not (IAssignmentOperation or IIncrementOrDecrementOperation or IArgumentOperation { Parameter.RefKind: not RefKind.None }
                    or IAddressOfOperation));

    private bool IsOfMemory(ITypeSymbol? type) =>
        LibraryTypes.IsOurs(type) || types.IsView(type)
            || type is { Name: "MemoryExtensions", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } };

    private static bool IsWait(IMethodSymbol method) =>
        (method.Name is "Yield" or "Delay" && FunctionRuns.IsOf(method, "Tasks", "Task"))
            || (method.Name == "Sleep" && FunctionRuns.IsOf(method, "Threading", "Thread"));

    /// <summary>True if the method names the owner after the lambda, other than to dispose it: it may wait for the elements to change.</summary>
    private static bool IsUsedLater(ISymbol owner, IOperation lambda)
    {
        IOperation root = lambda;
        int start = lambda.Syntax.Span.End;
        while (root.Parent is { } parent)
        {
            root = parent;
            if (root is ILoopOperation && !owner.DeclaringSyntaxReferences.Any(place => root.Syntax.Span.Contains(place.Span)))
            {
                // The next turn of the loop is later, too.
                start = root.Syntax.SpanStart;
            }
        }

        return root.Descendants().Any(
            later => later.Syntax.SpanStart >= start
                && SymbolEqualityComparer.Default.Equals(
                    owner,
                    later switch
                    {
                        ILocalReferenceOperation local => local.Local,
                        IParameterReferenceOperation parameter => parameter.Parameter,
                        _ => null,
                    })
                && later.Parent is not (IInvocationOperation { TargetMethod.Name: "Dispose" } or INameOfOperation)
                && !IsInFlight(later));
    }

    private static bool IsInFlight(IOperation use)
    {
        IOperation? around = use;
        while (around is not (null or IAnonymousFunctionOperation))
        {
            around = around.Parent;
        }

        return around is not null && IsDropped(FunctionRuns.Outermost(around));
    }
}
