using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The ways of exceptions: to the handlers of the method, through its <c>finally</c> blocks, and out of it.</summary>
internal sealed class Exceptions(FlowWalk walk)
{
    private readonly Dictionary<ControlFlowRegion, bool> _withHandler = [];

    /// <summary>True if an operation may throw. A disposal cannot, and neither can an access to elements, as far as the rules look.</summary>
    public static bool MayThrow(IOperation operation)
    {
        if (operation is IInvocationOperation { TargetMethod.Name: not ("Dispose" or "GetEnumerator" or "MoveNext") }
            or IObjectCreationOperation or IAwaitOperation)
        {
            return true;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            if (MayThrow(child))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True if a handler that a person wrote sees the exceptions of a block.</summary>
    public bool HaveHandler(BasicBlock block) => HasHandler(block.EnclosingRegion);

    /// <summary>Takes a path from the region where it throws to the handlers.</summary>
    public void Raise(State state, ControlFlowRegion? region, bool isExplicit, IOperation? thrown, SyntaxNode? from)
    {
        // The graph of a lambda ends at its own root, inside the regions of the method around it.
        for (; region is { Kind: not ControlFlowRegionKind.Root } && (isExplicit || HasHandler(region)); region = region.EnclosingRegion)
        {
            state.IsLeaving = !isExplicit && !MayBeCaught(region);
            if (region.Kind != ControlFlowRegionKind.Try || region.EnclosingRegion is not { } around)
            {
                continue;
            }

            if (around.Kind == ControlFlowRegionKind.TryAndFinally)
            {
                state.IsDoubtful |= !isExplicit;
                state.Continuations = state.Continuations.Push(new Continuation(null, 0, around, isExplicit));
                walk.Enter(walk.Graph.Blocks[around.NestedRegions[1].FirstBlockOrdinal], state, from);
                return;
            }

            foreach (ControlFlowRegion handler in around.NestedRegions)
            {
                if (handler == region)
                {
                    continue;
                }

                bool? catches = Catches(handler, thrown);
                if (catches != false)
                {
                    State caught = state.Clone();
                    caught.IsDoubtful |= !isExplicit;
                    walk.Enter(walk.Graph.Blocks[handler.FirstBlockOrdinal], caught, from);
                }

                if (catches == true)
                {
                    return;
                }
            }
        }

        walk.Leave(state, isExplicit, from);
    }

    /// <summary>Goes on at the end of a <c>finally</c> block, or of a filter that refused.</summary>
    public void EndFinally(BasicBlock block, State state, SyntaxNode? from)
    {
        for (ControlFlowRegion region = block.EnclosingRegion; region.Kind != ControlFlowRegionKind.Finally; region = region.EnclosingRegion)
        {
            if (region.Kind == ControlFlowRegionKind.Filter || region.EnclosingRegion is null)
            {
                // Other handlers and callers were taken when the exception was thrown.
                return;
            }
        }

        if (state.Continuations.IsEmpty)
        {
            return;
        }

        state.Continuations = state.Continuations.Pop(out Continuation next);
        if (next.Branch is { } branch)
        {
            walk.Follow(branch, next.Next, state, from);
        }
        else
        {
            Raise(state, next.Region, next.IsExplicit, null, from);
        }
    }

    /// <summary>True if a handler takes every such exception, false if it takes none, null if some.</summary>
    private static bool? Catches(ControlFlowRegion handler, IOperation? thrown)
    {
        if (handler.Kind == ControlFlowRegionKind.FilterAndHandler)
        {
            return null;
        }

        ITypeSymbol? caught = handler.ExceptionType;
        if (caught is null || caught.SpecialType == SpecialType.System_Object || IsException(caught))
        {
            return true;
        }

        ITypeSymbol? type = thrown is IConversionOperation conversion ? conversion.Operand.Type : thrown?.Type;
        if (type is null)
        {
            return null;
        }

        return Derives(type, caught) ? true : Derives(caught, type) ? null : false;
    }

    private static bool MayBeCaught(ControlFlowRegion? region)
    {
        for (; region is { Kind: not ControlFlowRegionKind.Root }; region = region.EnclosingRegion)
        {
            if (region.Kind == ControlFlowRegionKind.Try && region.EnclosingRegion is { Kind: ControlFlowRegionKind.TryAndCatch })
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsException(ITypeSymbol type) =>
        type is { Name: "Exception", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } };

    private static bool Derives(ITypeSymbol type, ITypeSymbol from)
    {
        for (ITypeSymbol? t = type; t is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t, from))
            {
                return true;
            }
        }

        return false;
    }

    private bool HasHandler(ControlFlowRegion? region)
    {
        if (region is not { Kind: not ControlFlowRegionKind.Root, EnclosingRegion: { } around })
        {
            return false;
        }

        if (!_withHandler.TryGetValue(region, out bool hasHandler))
        {
            hasHandler = HasHandler(around)
                || (region.Kind == ControlFlowRegionKind.Try
                    && (around.Kind == ControlFlowRegionKind.TryAndCatch
                        || (around.Kind == ControlFlowRegionKind.TryAndFinally && IsWritten(around.NestedRegions[1]))));
            _withHandler.Add(region, hasHandler);
        }

        return hasHandler;
    }

    /// <summary>True if a person wrote the <c>finally</c> block, and not the compiler for a <c>using</c> statement.</summary>
    private bool IsWritten(ControlFlowRegion region)
    {
        for (int i = region.FirstBlockOrdinal; i <= region.LastBlockOrdinal; i++)
        {
            foreach (IOperation operation in walk.Graph.Blocks[i].Operations)
            {
                if (!operation.IsImplicit)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
