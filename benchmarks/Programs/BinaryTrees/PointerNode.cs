namespace Programs.BinaryTrees;

/// <summary>A node with the addresses of its children; null if it has none.</summary>
internal struct PointerNode
{
    public unsafe PointerNode* Left;
    public unsafe PointerNode* Right;

    /// <safety>The node, and all nodes below it, are not freed during the call.</safety>
    public static unsafe int Count(PointerNode* node) => node->Left == null ? 1 : 1 + Count(node->Left) + Count(node->Right);
}
