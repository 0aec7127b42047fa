namespace Programs.BinaryTrees;

/// <summary>A node in a list: its children are the indexes of other nodes, or 0 if it has none. Node 0 is no node.</summary>
internal struct IndexNode
{
    public int Left;
    public int Right;
}
