sealed class Tree : IDisposable
{
    private readonly NativeArenaOwner _nodes = NativeArenaOwner.Create();
    private ArenaRef<Node> _root;

    public void Add(int key)
    {
        using ArenaBorrow arena = _nodes.Borrow();
        _root = arena.NewRef(new Node { Key = key, Next = _root });
        arena.At(_root).Key++;
    }

    public void Dispose() => _nodes.Dispose();

    private struct Node
    {
        public int Key;
        public ArenaRef<Node> Next;
    }
}
