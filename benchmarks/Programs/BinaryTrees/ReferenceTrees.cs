using NativeBuffers;

namespace Programs.BinaryTrees;

/// <summary>Nodes in an arena, which refer to each other by checked references.</summary>
internal sealed class ReferenceTrees : ITrees
{
    private readonly NativeArenaOwner _nodes = NativeArenaOwner.Create();
    private readonly NativeArenaOwner _kept = NativeArenaOwner.Create();
    private ArenaRef<Node> _root;

    public static ITrees Create() => new ReferenceTrees();

    public int CountOnce(int depth)
    {
        int count;
        using (ArenaBorrow arena = _nodes.Borrow())
        {
            count = Count(arena, Make(arena, depth));
        }

        _nodes.Reset();
        return count;
    }

    public void Keep(int depth)
    {
        using ArenaBorrow arena = _kept.Borrow();
        _root = Make(arena, depth);
    }

    public int CountKept()
    {
        using ArenaBorrow arena = _kept.Borrow();
        return Count(arena, _root);
    }

    public void Dispose()
    {
        _nodes.Dispose();
        _kept.Dispose();
    }

    private static ArenaRef<Node> Make(in ArenaBorrow arena, int depth) =>
        arena.NewRef(depth == 0 ? default : new Node { Left = Make(arena, depth - 1), Right = Make(arena, depth - 1) });

    private static int Count(in ArenaBorrow arena, ArenaRef<Node> root)
    {
        Node node = arena.At(root);
        return node.Left.IsDefault ? 1 : 1 + Count(arena, node.Left) + Count(arena, node.Right);
    }

    private struct Node
    {
        public ArenaRef<Node> Left;
        public ArenaRef<Node> Right;
    }
}
