static class Sample
{
    static void Leak()
    {
        using var strings = NativeMemoryOwner<string>.Create(3); // error CS8377
        using NativeMemoryOwner<object>? objects = null; // error CS8377
        using PooledBuffer<Task> tasks = default; // error CS8377
        _ = NativeMemoryPool<ReadOnlyMemory<int>>.Shared; // error CS8377
        using Borrow<string> borrow = default; // error CS8377
    }
}
