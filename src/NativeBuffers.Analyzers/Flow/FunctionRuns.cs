using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The calls of the platform that run the lambdas they get, and keep none: <c>Parallel.For</c>, <c>List.ForEach</c>, <c>Enumerable.Sum</c>.</summary>
internal static class FunctionRuns
{
    /// <summary>The delegate, or the array of delegates, that the compiler makes of a lambda.</summary>
    public static IOperation Outermost(IOperation lambda)
    {
        IOperation value = lambda;
        while (value.Parent is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation or IArrayInitializerOperation
            or IArrayCreationOperation { IsImplicit: true } or ICollectionExpressionOperation { IsImplicit: true })
        {
            value = value.Parent;
        }

        return value;
    }

    /// <summary>True if a delegate is an argument of a call that runs it, and the call is over when its statement is over.</summary>
    /// <remarks>A call that takes an element of any type, as <c>List.Add</c> does, keeps the delegate.</remarks>
    public static bool IsRunBy(IOperation given) =>
        Outermost(given).Parent is IArgumentOperation { Parameter.OriginalDefinition.Type: var wanted, Parent: IInvocationOperation call }
            && (wanted is IArrayTypeSymbol array ? array.ElementType : wanted).TypeKind == TypeKind.Delegate && Runs(call.TargetMethod) && IsOver(call);

    /// <summary>False if a call returns a task or a sequence that goes on later, unless the expression waits for it.</summary>
    public static bool IsOver(IInvocationOperation call)
    {
        if (!GoesOn(call.Type))
        {
            return true;
        }

        IOperation value = Outermost(call);
        return value.Parent switch
        {
            IAwaitOperation => true,
            IPropertyReferenceOperation { Property.Name: "Result" } => true,
            IInvocationOperation { TargetMethod.Name: "Wait" or "GetAwaiter" } waits => waits.Instance == value,
            IInvocationOperation { TargetMethod.Name: "ConfigureAwait" } configured => configured.Instance == value && IsOver(configured),
            IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { Name: "WaitAll" } method } } => IsOf(method, "Tasks", "Task"),
            IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { Name: "WhenAll" } method } outer } =>
                IsOf(method, "Tasks", "Task") && IsOver(outer),
            IArgumentOperation { Parent: IInvocationOperation outer } => IsOf(outer.TargetMethod, "Linq", "Enumerable") && IsOver(outer),
            _ => false,
        };
    }

    private static bool Runs(IMethodSymbol method) =>
        IsOf(method, "Tasks", "Parallel") || IsOf(method, "Linq", "Enumerable") || IsOf(method, "System", "Array") || IsOf(method, "Generic", "List")
            || (IsOf(method, "Tasks", "Task") && method.Name == "Run");

    private static bool GoesOn(ITypeSymbol? type) =>
        type is { TypeKind: TypeKind.Interface or TypeKind.Delegate } or { Name: "ConfiguredTaskAwaitable" or "ConfiguredValueTaskAwaitable" }
            || (type is { Name: "Task" or "ValueTask", ContainingNamespace.Name: "Tasks" });

    /// <summary>True for a method of a type of the platform.</summary>
    public static bool IsOf(IMethodSymbol method, string space, string type)
    {
        INamedTypeSymbol containing = method.ContainingType;
        INamespaceSymbol? outer = containing.ContainingNamespace;
        return containing.Name == type && outer?.Name == space && containing.ContainingType is null && IsOfPlatform(outer);
    }

    /// <summary>True for <c>System</c> and the namespaces in it.</summary>
    private static bool IsOfPlatform(INamespaceSymbol space)
    {
        while (space.ContainingNamespace is { IsGlobalNamespace: false } outer)
        {
            space = outer;
        }

        return space.Name == "System";
    }
}
