using NativeBuffers;

namespace Programs.BinaryTrees;

/// <summary>Nodes in a scratch list, outside the managed heap. Children are indexes.</summary>
internal sealed class SafeTrees : ITrees
{
    private NativeMemoryOwner<IndexNode>? _kept;
    private int _root;

    public static ITrees Create() => new SafeTrees();

    public int CountOnce(int depth)
    {
        var nodes = new ScratchList<IndexNode>(default);
        try
        {
            int root = Plant(ref nodes, depth);
            return Count(nodes.AsSpan(), root);
        }
        finally
        {
            nodes.Dispose();
        }
    }

    public void Keep(int depth)
    {
        var nodes = new ScratchList<IndexNode>(default);
        try
        {
            _root = Plant(ref nodes, depth);
            _kept = NativeMemoryOwner.CreateFrom<IndexNode>(nodes.AsSpan());
        }
        finally
        {
            nodes.Dispose();
        }
    }

    public int CountKept()
    {
        using Borrow<IndexNode> nodes = _kept!.Borrow();
        return Count(nodes.Span, _root);
    }

    public void Dispose() => _kept?.Dispose();

    private static int Plant(ref ScratchList<IndexNode> nodes, int depth)
    {
        nodes.EnsureCapacity(2 << depth);
        nodes.Add(default);
        return Make(ref nodes, depth);
    }

    private static int Make(ref ScratchList<IndexNode> nodes, int depth)
    {
        IndexNode node = depth == 0 ? default : new IndexNode { Left = Make(ref nodes, depth - 1), Right = Make(ref nodes, depth - 1) };
        nodes.Add(node);
        return nodes.Count - 1;
    }

    private static int Count(ReadOnlySpan<IndexNode> nodes, int root)
    {
        IndexNode node = nodes[root];
        return node.Left == 0 ? 1 : 1 + Count(nodes, node.Left) + Count(nodes, node.Right);
    }
}
