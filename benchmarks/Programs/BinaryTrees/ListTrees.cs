namespace Programs.BinaryTrees;

/// <summary>Nodes in a list of structs, which is used again for each tree. Children are indexes.</summary>
internal sealed class ListTrees : ITrees
{
    private readonly List<IndexNode> _nodes = [];
    private readonly List<IndexNode> _kept = [];
    private int _root;

    public static ITrees Create() => new ListTrees();

    public int CountOnce(int depth) => Count(_nodes, Plant(_nodes, depth));

    public void Keep(int depth) => _root = Plant(_kept, depth);

    public int CountKept() => Count(_kept, _root);

    public void Dispose() => _nodes.Clear();

    private static int Plant(List<IndexNode> nodes, int depth)
    {
        nodes.Clear();
        nodes.Add(default);
        return Make(nodes, depth);
    }

    private static int Make(List<IndexNode> nodes, int depth)
    {
        IndexNode node = depth == 0 ? default : new IndexNode { Left = Make(nodes, depth - 1), Right = Make(nodes, depth - 1) };
        nodes.Add(node);
        return nodes.Count - 1;
    }

    private static int Count(List<IndexNode> nodes, int root)
    {
        IndexNode node = nodes[root];
        return node.Left == 0 ? 1 : 1 + Count(nodes, node.Left) + Count(nodes, node.Right);
    }
}
