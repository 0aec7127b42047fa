using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The variables that lambdas and local functions share with the method around them.</summary>
/// <remarks>
/// Most of them are not followed: the functions may run at any time. An owner is <em>lent</em> if all functions that share it are over when the
/// method goes on, and only use it. No other code can dispose a lent owner, so the method that declares it must.
/// </remarks>
internal sealed class Captured
{
    private readonly LibraryTypes _types;
    private readonly HashSet<ISymbol> _hidden = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, HashSet<ISymbol>> _lent = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, List<IOperation>> _uses = new(SymbolEqualityComparer.Default);

    /// <summary>Functions, and variables with functions, that other functions use: at any time.</summary>
    private readonly HashSet<ISymbol> _usedElsewhere = new(SymbolEqualityComparer.Default);
    private readonly List<(ISymbol Variable, IOperation Use, ImmutableStack<IOperation> Functions)> _shared = [];

    private Captured(LibraryTypes types, OwnedCollections collections)
    {
        _types = types;
        OwnedCollections = collections;
        Flights = new Flights(types);
    }

    /// <summary>The arrays and lists of owners that stay in the method.</summary>
    public OwnedCollections OwnedCollections { get; }

    /// <summary>The lambdas that start on another thread, and never tell that they are over.</summary>
    public Flights Flights { get; }

    /// <summary>The shared variables of some bodies.</summary>
    public static Captured In(ImmutableArray<IOperation> blocks, LibraryTypes types)
    {
        Captured captured = new(types, OwnedCollections.In(blocks, types));
        foreach (IOperation block in blocks)
        {
            captured.Collect(block, ImmutableStack<IOperation>.Empty);
        }

        captured.Decide();
        return captured;
    }

    /// <summary>True if a body must not follow a variable: other bodies change it, or it is another body's.</summary>
    public bool Hides(ISymbol variable, IMethodSymbol? body) =>
        _hidden.Contains(variable) || (_lent.ContainsKey(variable) && !SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, body));

    /// <summary>The lent variables that a lambda, a local function, or a variable with a lambda uses.</summary>
    public IEnumerable<ISymbol> LentTo(ISymbol function) =>
        _lent.Count == 0 ? [] : _lent.Where(lent => lent.Value.Contains(function)).Select(static lent => lent.Key);

    private void Collect(IOperation operation, ImmutableStack<IOperation> functions)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IAnonymousFunctionOperation or ILocalFunctionOperation:
                functions = functions.Push(operation);
                break;
            case ILocalReferenceOperation reference:
                Note(reference.Local, reference, functions);
                break;
            case IParameterReferenceOperation reference:
                Note(reference.Parameter, reference, functions);
                break;
            case IInvocationOperation { TargetMethod: { MethodKind: MethodKind.LocalFunction } function }:
                NoteUse(function.OriginalDefinition, operation, functions);
                break;
            case IMethodReferenceOperation { Method: { MethodKind: MethodKind.LocalFunction } function }:
                NoteUse(function.OriginalDefinition, operation, functions);
                break;
            default:
                break;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Collect(child, functions);
        }
    }

    private void Note(ISymbol variable, IOperation use, ImmutableStack<IOperation> functions)
    {
        if (variable is ILocalSymbol { Type.TypeKind: TypeKind.Delegate })
        {
            NoteUse(variable, use, functions);
        }

        if (!functions.IsEmpty && !SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, SymbolOf(functions.Peek())))
        {
            _shared.Add((variable, use, functions));
        }
    }

    private void NoteUse(ISymbol symbol, IOperation use, ImmutableStack<IOperation> functions)
    {
        if (!functions.IsEmpty && !SymbolEqualityComparer.Default.Equals(symbol.ContainingSymbol, SymbolOf(functions.Peek())))
        {
            _usedElsewhere.Add(symbol);
        }

        if (!_uses.TryGetValue(symbol, out List<IOperation>? uses))
        {
            _uses.Add(symbol, uses = []);
        }

        uses.Add(use);
    }

    private void Decide()
    {
        foreach ((ISymbol variable, IOperation use, ImmutableStack<IOperation> functions) in _shared)
        {
            if (!_hidden.Contains(variable) && !IsLent(variable, use, functions))
            {
                _hidden.Add(variable);
                _lent.Remove(variable);
            }
        }
    }

    private bool IsLent(ISymbol variable, IOperation use, ImmutableStack<IOperation> functions)
    {
        ITypeSymbol? type = variable switch
        {
            ILocalSymbol { RefKind: RefKind.None } local => local.Type,
            IParameterSymbol { RefKind: RefKind.None, ContainingSymbol: IMethodSymbol { MethodKind: not MethodKind.Constructor } } parameter => parameter.Type,
            _ => null,
        };
        OwnerKind kind = _types.KindOf(type);
        if (kind is not (OwnerKind.Heap or OwnerKind.Pooled) || !IsOnlyUse(kind, use))
        {
            return false;
        }

        if (!_lent.TryGetValue(variable, out HashSet<ISymbol>? to))
        {
            _lent.Add(variable, to = new HashSet<ISymbol>(SymbolEqualityComparer.Default));
        }

        foreach (IOperation function in functions)
        {
            if (SymbolEqualityComparer.Default.Equals(variable.ContainingSymbol, SymbolOf(function)))
            {
                break;
            }

            if (!IsOver(function, to) && !Flights.Note(variable, use, function))
            {
                return false;
            }

            to.Add(SymbolOf(function));
        }

        return true;
    }

    /// <summary>True if a use cannot end the owner, and gives it to no other code.</summary>
    public static bool IsOnlyUse(OwnerKind kind, IOperation use) => use.Parent switch
    {
        IInvocationOperation call when call.Instance == use => IsOnlyUse(Members.EffectOf(kind, call.TargetMethod), call),
        IPropertyReferenceOperation property when property.Instance == use => IsOnlyUse(Members.EffectOf(kind, property.Property), property),
        IConversionOperation { OperatorMethod: { } method } => LibraryTypes.IsOurs(method.ContainingType),
        IArgumentOperation { Parameter: { RefKind: RefKind.None } parameter, Parent: var call } =>
            OwnershipAttributes.Borrows(parameter.OriginalDefinition)
                || (call is IInvocationOperation { TargetMethod: var method } && LibraryTypes.IsPublicMember(method) && !Members.Takes(method)),
        INameOfOperation => true,
        _ => false,
    };

    private static bool IsOnlyUse(MemberEffect effect, IOperation result) => effect switch
    {
        MemberEffect.Dispose or MemberEffect.Move or MemberEffect.Release => false,
        MemberEffect.LastingView or MemberEffect.GrowAndLastingView => IsUsedAtOnce(result),
        _ => true,
    };

    /// <summary>True if a <c>Memory</c> is not stored or returned: it keeps its owner.</summary>
    private static bool IsUsedAtOnce(IOperation memory) => memory.Parent switch
    {
        IPropertyReferenceOperation { Property.Name: "Span" } => true,
        IInvocationOperation { TargetMethod.Name: "Slice" } slice => IsUsedAtOnce(slice),
        IConversionOperation conversion => IsUsedAtOnce(conversion),
        IArgumentOperation { Parent: IInvocationOperation } => true,
        _ => false,
    };

    /// <summary>True if a function is over when the statement is over that names it.</summary>
    /// <param name="function">The lambda or local function.</param>
    /// <param name="names">Gets the variables that hold it.</param>
    private bool IsOver(IOperation function, HashSet<ISymbol> names)
    {
        if (SymbolOf(function) is { IsAsync: true, ReturnsVoid: true })
        {
            return false;
        }

        switch (function)
        {
            case ILocalFunctionOperation { Symbol: var local }:
                return IsUsedHere(local, use => use is IInvocationOperation call && FunctionRuns.IsOver(call));
            case IAnonymousFunctionOperation lambda:
                IOperation given = FunctionRuns.Outermost(lambda);
                if (given.Parent is not IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var holder } }
                    || holder.Type.TypeKind != TypeKind.Delegate)
                {
                    return FunctionRuns.IsRunBy(given);
                }

                names.Add(holder);
                return IsUsedHere(holder, static use =>
                    use.Parent is IInvocationOperation { TargetMethod.MethodKind: MethodKind.DelegateInvoke } call
                        ? call.Instance == use && FunctionRuns.IsOver(call)
                        : FunctionRuns.IsRunBy(use));
            default:
                return false;
        }
    }

    /// <summary>True if only the method around uses a function, or a variable with one, and each use is as it must be.</summary>
    private bool IsUsedHere(ISymbol symbol, System.Func<IOperation, bool> isRight) =>
        !_usedElsewhere.Contains(symbol) && (!_uses.TryGetValue(symbol, out List<IOperation>? uses) || uses.All(isRight));

    private static IMethodSymbol SymbolOf(IOperation function) =>
        function is IAnonymousFunctionOperation lambda ? lambda.Symbol : ((ILocalFunctionOperation)function).Symbol;
}
