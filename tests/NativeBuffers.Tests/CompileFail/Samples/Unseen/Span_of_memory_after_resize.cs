static class Sample
{
    // The block may have moved. A borrow would make Resize throw.
    static int Run()
    {
        using var owner = NativeMemoryOwner<int>.Create(3);
        Span<int> span = owner.Memory.Span;
        owner.Resize(1_000_000);
        return span[0]; // NB0004
    }
}
