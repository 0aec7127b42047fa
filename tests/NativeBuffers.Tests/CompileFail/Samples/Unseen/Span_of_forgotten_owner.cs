static class Sample
{
    // Only the span is in use: a finalizer may free the memory during the loop.
    static void Run()
    {
        var list = new NativeList<int> { 1 }; // NB0001
        foreach (ref int element in list.AsSpan()) // NB0009
        {
            element = 2; // NB0009
        }
    }

    static int RunTemporary()
    {
        Span<int> span = NativeMemoryOwner<int>.Create(3).Memory.Span; // NB0001
        return span[0]; // NB0009
    }

    static void RunCopied(NativeList<int> target)
    {
        var source = new NativeList<int> { 1 }; // NB0001
        target.AddRange(source.AsSpan()); // NB0009
    }

    static int RunPooled()
    {
        PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(3); // NB0001
        Span<int> span = buffer.AsSpan();
        return span[0]; // NB0009
    }
}
