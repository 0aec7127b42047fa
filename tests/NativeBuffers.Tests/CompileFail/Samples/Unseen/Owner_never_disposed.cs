static class Sample
{
    // A finalizer gives the block back, and counts it; for the pooled buffer, the pool does.
    static void Run()
    {
        _ = NativeMemoryOwner<int>.Create(3); // NB0001
        _ = NativeMemoryPool<int>.Shared.RentBuffer(3); // NB0001
    }
}
