using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs a body on all its paths: each block once for each state that reaches it.</summary>
internal sealed class FlowWalk
{
    /// <summary>The most paths of a block. A body with more is given up: then only certain places are known to be wrong on some path.</summary>
    private const int StatesOfOneBlock = 400;

    private readonly Body _body;
    private readonly Exceptions _exceptions;
    private readonly HashSet<State>[] _seen;
    private readonly Stack<(BasicBlock Block, State State)> _work = new();
    private readonly List<State> _exits = [];
    private readonly Dictionary<IOperation, bool> _hasOutcomes = [];

    /// <summary>Runs the operations that have one outcome.</summary>
    private readonly Evaluator _evaluator;

    private FlowWalk(Body body)
    {
        _body = body;
        _exceptions = new Exceptions(this);
        _evaluator = new Evaluator(body, State.Empty(), new Chooser());
        _seen = new HashSet<State>[body.Graph.Blocks.Length];
    }

    /// <summary>Runs a body from a state, and returns the states in which the method returns.</summary>
    public static IReadOnlyList<State> Run(Body body, State start)
    {
        FlowWalk walk = new(body);
        walk.Enter(body.Graph.Blocks[0], start, null);
        while (walk._work.Count > 0)
        {
            (BasicBlock block, State state) = walk._work.Pop();
            walk.Run(block, state);
        }

        return walk._exits;
    }

    /// <summary>The graph.</summary>
    public ControlFlowGraph Graph => _body.Graph;

    /// <summary>Takes a path to a block; it ends there if the same state was there before.</summary>
    public void Enter(BasicBlock block, State state, SyntaxNode? from)
    {
        if (block.Kind == BasicBlockKind.Exit)
        {
            Exit(state, from);
            return;
        }

        for (int i = 0; i < state.VariableCount; i++)
        {
            if (!_body.Liveness.IsLiveIn(block, i))
            {
                state[i] = Value.Unknown;
            }
        }

        IReadOnlyList<TrackedObject> lost = state.Normalize();
        if (!state.IsLeaving)
        {
            _body.Owners.Forget(lost, from);
        }

        HashSet<State> seen = _seen[block.Ordinal] ??= [];
        if (seen.Count >= StatesOfOneBlock)
        {
            _body.Findings.IsIncomplete = true;
        }
        else if (seen.Add(state))
        {
            _work.Push((block, state));
        }
    }

    /// <summary>Follows a branch, through the <c>finally</c> blocks on its way.</summary>
    public void Follow(ControlFlowBranch branch, int next, State state, SyntaxNode? from)
    {
        if (next < branch.FinallyRegions.Length)
        {
            state.Continuations = state.Continuations.Push(new Continuation(branch, next + 1, null, IsExplicit: false));
            Enter(Graph.Blocks[branch.FinallyRegions[next].FirstBlockOrdinal], state, from);
        }
        else if (branch.Destination is { } destination)
        {
            Enter(destination, state, from);
        }
    }

    /// <summary>Ends a path that an exception takes out of the method.</summary>
    public void Leave(State state, bool isExplicit, SyntaxNode? from)
    {
        if (!isExplicit)
        {
            // The thread or a finalizer frees the leaks of an unforeseen exception.
            return;
        }

        ForgetAll(state, from);
    }

    private void Run(BasicBlock block, State start)
    {
        List<State> states = [start.Clone()];
        bool hasHandler = _exceptions.HaveHandler(block);
        SyntaxNode? last = null;
        _body.Block = block;
        for (int i = 0; i < block.Operations.Length; i++)
        {
            IOperation operation = block.Operations[i];
            last = operation.Syntax;
            _body.Operation = i;
            if (states.Count == 1 && !HasOutcomes(operation) && !(hasHandler && Exceptions.MayThrow(operation)))
            {
                RunOnce(operation, states[0], isReference: false);
                if (!GoesOn(block, states[0], operation))
                {
                    states.Clear();
                }

                continue;
            }

            List<State> after = [];
            foreach (State state in states)
            {
                State? thrown = hasHandler && Exceptions.MayThrow(operation) ? state.Clone() : null;
                foreach ((State next, _) in Execute(operation, state))
                {
                    thrown?.GiveAs(next);
                    if (GoesOn(block, next, operation))
                    {
                        after.Add(next);
                    }
                }

                if (thrown is not null)
                {
                    _exceptions.Raise(thrown, block.EnclosingRegion, isExplicit: false, null, operation.Syntax);
                }
            }

            states = after;
        }

        _body.Operation = block.Operations.Length;
        foreach (State state in states)
        {
            if (block.BranchValue is { } value)
            {
                State? thrown = hasHandler && Exceptions.MayThrow(value) ? state.Clone() : null;
                foreach ((State next, Value result) in Execute(value, state, IsReturnedByReference(block)))
                {
                    thrown?.GiveAs(next);
                    if (GoesOn(block, next, value))
                    {
                        Branch(block, next, value, result);
                    }
                }

                if (thrown is not null)
                {
                    _exceptions.Raise(thrown, block.EnclosingRegion, isExplicit: false, null, value.Syntax);
                }
            }
            else
            {
                Branch(block, state, null, last);
            }
        }
    }

    private bool IsReturnedByReference(BasicBlock block) =>
        _body.Method is { RefKind: not RefKind.None } && block.FallThroughSuccessor is { Semantics: ControlFlowBranchSemantics.Return };

    /// <summary>False if the path ends at a call that always throws, or cannot be.</summary>
    private bool GoesOn(BasicBlock block, State state, IOperation operation)
    {
        if (state.Ends == PathEnd.Throws)
        {
            _exceptions.Raise(state, block.EnclosingRegion, isExplicit: true, null, operation.Syntax);
        }

        return state.Ends == PathEnd.None;
    }

    private void Branch(BasicBlock block, State state, IOperation value, Value result)
    {
        if (block.ConditionKind == ControlFlowConditionKind.None)
        {
            if (block.FallThroughSuccessor is { Semantics: ControlFlowBranchSemantics.Return })
            {
                if (result.Place is not null && _body.Variables.SymbolOf(result.Variable) is not (ILocalSymbol or IParameterSymbol { RefKind: RefKind.None }))
                {
                    _body.Owners.Copy(_body.Types.KindOf(value.Type), result, Body.NameOf(value));
                }

                state[_body.Variables.Returned] = result.At(result.Variable, value.Syntax);
            }

            Branch(block, state, value, value.Syntax);
            return;
        }

        bool? truth = result.Bool ?? (_body.Conditions.VariableOf(value) is >= 0 and var condition ? state[condition].Bool : null);
        bool jumpsWhen = block.ConditionKind == ControlFlowConditionKind.WhenTrue;
        foreach (bool outcome in new[] { true, false })
        {
            if (truth is { } known && known != outcome)
            {
                continue;
            }

            ControlFlowBranch? branch = outcome == jumpsWhen ? block.ConditionalSuccessor : block.FallThroughSuccessor;
            if (branch is not null)
            {
                State next = state.Clone();
                Assumptions.Assume(_body, next, value, outcome);
                Follow(branch, 0, next, value.Syntax);
            }
        }
    }

    private void Branch(BasicBlock block, State state, IOperation? value, SyntaxNode? from)
    {
        if (block.FallThroughSuccessor is not { } branch)
        {
            return;
        }

        switch (branch.Semantics)
        {
            case ControlFlowBranchSemantics.Throw:
            case ControlFlowBranchSemantics.Rethrow:
                _exceptions.Raise(state, block.EnclosingRegion, isExplicit: true, value, from);
                break;
            case ControlFlowBranchSemantics.StructuredExceptionHandling:
                _exceptions.EndFinally(block, state, from);
                break;
            default:
                Follow(branch, 0, state, from);
                break;
        }
    }

    /// <summary>Runs an operation on a state, which changes, or on copies of it if the operation has several outcomes.</summary>
    private IEnumerable<(State State, Value Result)> Execute(IOperation operation, State state, bool isReference = false)
    {
        if (!HasOutcomes(operation))
        {
            yield return (state, RunOnce(operation, state, isReference));
            yield break;
        }

        Chooser chooser = new();
        do
        {
            Evaluator evaluator = new(_body, state.Clone(), chooser);
            Value result = isReference ? evaluator.Reference(operation) : evaluator.Run(operation);
            yield return (evaluator.State, result);
        }
        while (chooser.Next());
    }

    private Value RunOnce(IOperation operation, State state, bool isReference)
    {
        _evaluator.State = state;
        return isReference ? _evaluator.Reference(operation) : _evaluator.Run(operation);
    }

    /// <summary>True if an operation may have several outcomes: <c>TryCreate</c>, a method whose body is read, a null test that is kept.</summary>
    private bool HasOutcomes(IOperation operation)
    {
        if (!_hasOutcomes.TryGetValue(operation, out bool has))
        {
            has = operation is IInvocationOperation { TargetMethod: var method } && (method.Name == "TryCreate" || Summaries.MayRead(method));
            has |= Assumptions.IsKeptTest(_body.Types, operation);
            foreach (IOperation child in operation.ChildOperations)
            {
                has |= HasOutcomes(child);
            }

            _hasOutcomes.Add(operation, has);
        }

        return has;
    }

    private void Exit(State state, SyntaxNode? from)
    {
        _exits.Add(state.Clone());
        Value returned = state[_body.Variables.Returned];
        if (returned.Place is { } place)
        {
            _body.Owners.Return(state, returned, place);
        }

        ForgetAll(state, from);
    }

    private void ForgetAll(State state, SyntaxNode? from)
    {
        for (int i = 0; i < state.VariableCount; i++)
        {
            bool isSeen = _body.Variables.IsField(i) || _body.Variables.SymbolOf(i) is IParameterSymbol { RefKind: not RefKind.None };
            if (isSeen)
            {
                Owners.Escape(state, state[i]);
            }

            state[i] = Value.Unknown;
        }

        _body.Owners.Forget(state.Normalize(), from);
    }
}
