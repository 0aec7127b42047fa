using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The variables that some later statement reads. Paths forget all other variables: they merge, and the last name of an owner is seen to go.</summary>
internal sealed class Liveness
{
    private readonly ControlFlowGraph _graph;
    private readonly Variables _variables;
    private readonly Conditions _conditions;
    private readonly VariableSet[] _in;
    private readonly VariableSet[] _out;
    private readonly List<int>[] _successors;
    private readonly bool[][] _isLiveIn;
    private readonly Dictionary<IOperation, (VariableSet Reads, VariableSet Writes)> _effects = [];

    public Liveness(ControlFlowGraph graph, Variables variables, Conditions conditions)
    {
        _graph = graph;
        _variables = variables;
        _conditions = conditions;
        int count = graph.Blocks.Length;
        _in = new VariableSet[count];
        _out = new VariableSet[count];
        _successors = new List<int>[count];
        for (int i = 0; i < count; i++)
        {
            _in[i] = new VariableSet();
            _out[i] = new VariableSet();
            _successors[i] = [];
        }

        Connect();
        Solve();
        _isLiveIn = new bool[count][];
        for (int i = 0; i < count; i++)
        {
            _isLiveIn[i] = new bool[variables.Count];
            for (int variable = 0; variable < variables.Count; variable++)
            {
                _isLiveIn[i][variable] = variables.IsPinned(variable) || _in[i].Contains(variable);
            }
        }
    }

    /// <summary>The variables that are read in or after a block.</summary>
    public bool IsLiveIn(BasicBlock block, int variable)
    {
        bool[] live = _isLiveIn[block.Ordinal];
        return variable < live.Length ? live[variable] : _variables.IsPinned(variable);
    }

    /// <summary>True if something reads the variable after an operation of a block; the number of operations means the branch value.</summary>
    public bool IsLiveAfter(BasicBlock block, int operation, int variable)
    {
        if (_variables.IsPinned(variable))
        {
            return true;
        }

        VariableSet live = new();
        live.CopyFrom(_out[block.Ordinal]);
        int position = block.Operations.Length;
        if (position > operation && block.BranchValue is { } value)
        {
            Apply(value, live);
        }

        for (position--; position > operation; position--)
        {
            Apply(block.Operations[position], live);
        }

        return live.Contains(variable);
    }

    private void Connect()
    {
        foreach (BasicBlock block in _graph.Blocks)
        {
            Connect(block, block.FallThroughSuccessor);
            Connect(block, block.ConditionalSuccessor);
            for (ControlFlowRegion region = block.EnclosingRegion; region.Kind != ControlFlowRegionKind.Root; region = region.EnclosingRegion!)
            {
                if (region.Kind == ControlFlowRegionKind.Try && region.EnclosingRegion is { } around)
                {
                    foreach (ControlFlowRegion handler in around.NestedRegions)
                    {
                        if (handler != region)
                        {
                            _successors[block.Ordinal].Add(handler.FirstBlockOrdinal);
                        }
                    }
                }
            }
        }
    }

    private void Connect(BasicBlock block, ControlFlowBranch? branch)
    {
        if (branch is null)
        {
            return;
        }

        int from = block.Ordinal;
        foreach (ControlFlowRegion region in branch.FinallyRegions)
        {
            _successors[from].Add(region.FirstBlockOrdinal);
            from = region.LastBlockOrdinal;
        }

        if (branch.Destination is { } destination)
        {
            _successors[from].Add(destination.Ordinal);
        }
    }

    private void Solve()
    {
        // The last block of a finally region may not be its end: a block that leaves the region goes on like the last one.
        foreach (BasicBlock block in _graph.Blocks)
        {
            if (block.FallThroughSuccessor is { Semantics: ControlFlowBranchSemantics.StructuredExceptionHandling }
                && FinallyOf(block) is { } region && region.LastBlockOrdinal != block.Ordinal)
            {
                _successors[block.Ordinal].AddRange(_successors[region.LastBlockOrdinal]);
            }
        }

        VariableSet live = new();
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = _graph.Blocks.Length - 1; i >= 0; i--)
            {
                BasicBlock block = _graph.Blocks[i];
                foreach (int successor in _successors[i])
                {
                    _out[i].UnionWith(_in[successor]);
                }

                live.CopyFrom(_out[i]);
                if (block.BranchValue is { } value)
                {
                    Apply(value, live);
                    int condition = block.ConditionKind == ControlFlowConditionKind.None ? -1 : _conditions.VariableOf(value);
                    if (condition >= 0)
                    {
                        live.Add(condition);
                    }
                }

                for (int j = block.Operations.Length - 1; j >= 0; j--)
                {
                    Apply(block.Operations[j], live);
                }

                // All variables that a handler reads must survive the whole block.
                for (ControlFlowRegion region = block.EnclosingRegion; region.Kind != ControlFlowRegionKind.Root; region = region.EnclosingRegion!)
                {
                    if (region.Kind == ControlFlowRegionKind.Try && region.EnclosingRegion is { } around)
                    {
                        foreach (ControlFlowRegion handler in around.NestedRegions)
                        {
                            if (handler != region)
                            {
                                live.UnionWith(_in[handler.FirstBlockOrdinal]);
                            }
                        }
                    }
                }

                changed |= _in[i].UnionWith(live);
            }
        }
    }

    private static ControlFlowRegion? FinallyOf(BasicBlock block)
    {
        for (ControlFlowRegion region = block.EnclosingRegion; region.Kind != ControlFlowRegionKind.Root; region = region.EnclosingRegion!)
        {
            if (region.Kind == ControlFlowRegionKind.Finally)
            {
                return region;
            }
        }

        return null;
    }

    /// <summary>The variables that live before an operation, from those that live after it.</summary>
    private void Apply(IOperation operation, VariableSet live)
    {
        if (!_effects.TryGetValue(operation, out (VariableSet Reads, VariableSet Writes) effect))
        {
            effect = (new VariableSet(), new VariableSet());
            Collect(operation, effect.Reads, effect.Writes);
            _effects.Add(operation, effect);
        }

        live.ExceptWith(effect.Writes);
        live.UnionWith(effect.Reads);
    }

    private void Collect(IOperation operation, VariableSet reads, VariableSet writes)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IFlowCaptureOperation capture:
                writes.Add(_variables.Of(capture.Id));
                break;
            case IFlowCaptureReferenceOperation reference:
                reads.Add(_variables.Of(reference.Id));
                break;
            case ILocalReferenceOperation { Local: var holder } whole when _variables.IsHolder(holder):
                int named = whole.Parent is IMemberReferenceOperation ? _variables.Of(whole.Parent) : -1;
                bool isWritten = IsOnlyWritten(named < 0 ? whole : whole.Parent!, isReference: false);
                (isWritten ? writes : reads).AddAll(named < 0 ? _variables.PartsOf(holder) : [named]);
                break;
            case IFlowAnonymousFunctionOperation lambda:
                reads.AddAll(_variables.LentTo(lambda.Symbol));
                break;
            case IInvocationOperation { TargetMethod: { MethodKind: MethodKind.LocalFunction } function }:
                reads.AddAll(_variables.LentTo(function.OriginalDefinition));
                break;
            case ILocalReferenceOperation local:
                if (local.Local.Type.TypeKind == TypeKind.Delegate)
                {
                    reads.AddAll(_variables.LentTo(local.Local));
                }

                (IsOnlyWritten(local, local.Local.RefKind != RefKind.None) ? writes : reads).Add(_variables.Of(local.Local));
                break;
            case IParameterReferenceOperation parameter:
                (IsOnlyWritten(parameter, parameter.Parameter.RefKind != RefKind.None) ? writes : reads).Add(_variables.Of(parameter.Parameter));
                break;
            default:
                break;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Collect(child, reads, writes);
        }
    }

    /// <summary>True if a reference is the target of an assignment, or an <c>out</c> argument. A reference is read for that.</summary>
    private static bool IsOnlyWritten(IOperation reference, bool isReference) => reference.Parent switch
    {
        ISimpleAssignmentOperation assignment => assignment.Target == reference && (assignment.IsRef || !isReference),
        IArgumentOperation { Parameter.RefKind: RefKind.Out } => !isReference,
        IDeclarationExpressionOperation { Parent: IArgumentOperation { Parameter.RefKind: RefKind.Out } } => true,
        _ => false,
    };
}
