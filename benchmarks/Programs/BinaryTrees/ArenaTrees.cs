using System.Runtime.CompilerServices;
using NativeBuffers;

namespace Programs.BinaryTrees;

/// <summary>Nodes at pointers, from an arena.</summary>
internal sealed class ArenaTrees : ITrees
{
    private readonly NativeArenaOwner _nodes = NativeArenaOwner.Create();
    private readonly NativeArenaOwner _kept = NativeArenaOwner.Create();
    private unsafe PointerNode* _root;

    public static ITrees Create() => new ArenaTrees();

    public int CountOnce(int depth)
    {
        int count;
        using (ArenaBorrow arena = _nodes.Borrow())
        {
            unsafe
            {
                // SAFETY: the nodes are valid until the reset.
                count = PointerNode.Count(Make(arena, depth));
            }
        }

        _nodes.Reset();
        return count;
    }

    public void Keep(int depth)
    {
        using ArenaBorrow arena = _kept.Borrow();
        unsafe
        {
            // SAFETY: the nodes are valid until this object is disposed.
            _root = Make(arena, depth);
        }
    }

    public int CountKept()
    {
        unsafe
        {
            // SAFETY: the nodes are valid until this object is disposed.
            return PointerNode.Count(_root);
        }
    }

    public void Dispose()
    {
        _nodes.Dispose();
        _kept.Dispose();
    }

    private static unsafe PointerNode* Make(in ArenaBorrow arena, int depth)
    {
        PointerNode node = default;
        if (depth > 0)
        {
            node.Left = Make(arena, depth - 1);
            node.Right = Make(arena, depth - 1);
        }

        // A fixed block would keep the address in the frame for the collector, which does not move nodes of an arena.
        return (PointerNode*)Unsafe.AsPointer(ref arena.New(node));
    }
}
