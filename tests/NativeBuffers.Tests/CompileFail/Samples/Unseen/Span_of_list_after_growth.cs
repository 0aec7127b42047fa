static class Sample
{
    // The block may have moved. A borrow would make Add throw.
    static int Run()
    {
        using var list = new NativeList<int> { 1 };
        Span<int> span = list.AsSpan();
        list.EnsureCapacity(1_000_000);
        return span[0]; // NB0004
    }

    static int RunOverScratch()
    {
        using var list = new ScratchList<int>(stackalloc int[1]);
        list.EnsureCapacity(10);
        list.Add(1);
        ref int first = ref list[0];
        list.EnsureCapacity(1_000_000);
        return first; // NB0004
    }

    static Span<int> RunReturned()
    {
        var list = new NativeList<int> { 1 }; // NB0001
        return list.AsSpan();
    }
}
