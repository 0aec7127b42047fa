sealed class Tree : IDisposable
{
    struct Node
    {
        public ArenaSlice<Node> Children;
        public int Value;
    }

    private readonly NativeArenaOwner _nodes = NativeArenaOwner.Create();
    private readonly List<ArenaSlice<Node>> _roots = [];

    public async Task<int> Plant()
    {
        using (ArenaBorrow arena = _nodes.Borrow())
        {
            ArenaSlice<Node> root = arena.AllocateSlice<Node>(1);
            arena.AsSpan(root)[0] = new Node { Children = arena.AllocateSlice<Node>(2), Value = 1 };
            _roots.Add(root);
        }

        await Task.Yield();
        using (ArenaBorrow arena = _nodes.Borrow())
        {
            foreach (ref Node child in arena.AsSpan(arena.AsSpan(_roots[0])[0].Children))
            {
                child.Value++;
            }
        }

        return 1;
    }

    public void Dispose() => _nodes.Dispose();
}
