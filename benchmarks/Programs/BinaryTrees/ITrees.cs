namespace Programs.BinaryTrees;

/// <summary>Makes binary trees, and counts their nodes.</summary>
internal interface ITrees : IDisposable
{
    /// <summary>An empty forest.</summary>
    static abstract ITrees Create();

    /// <summary>Makes a complete tree, counts its nodes, and forgets the tree.</summary>
    int CountOnce(int depth);

    /// <summary>Makes a complete tree that lives until <see cref="CountKept"/>.</summary>
    void Keep(int depth);

    /// <summary>Counts the nodes of the tree that was kept.</summary>
    int CountKept();
}
