namespace Programs.BinaryTrees;

/// <summary>Each node is an object.</summary>
internal sealed class ClassTrees : ITrees
{
    private Node? _kept;

    public static ITrees Create() => new ClassTrees();

    public int CountOnce(int depth) => Make(depth).Count();

    public void Keep(int depth) => _kept = Make(depth);

    public int CountKept() => _kept!.Count();

    public void Dispose() => _kept = null;

    private static Node Make(int depth) => depth == 0 ? new Node(null, null) : new Node(Make(depth - 1), Make(depth - 1));

    private sealed class Node(Node? left, Node? right)
    {
        public int Count() => left is null ? 1 : 1 + left.Count() + right!.Count();
    }
}
