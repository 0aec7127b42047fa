static class Sample
{
    // A span of a Memory holds nothing: it knows neither owner nor borrow. Borrow instead.
    static Span<int> Run()
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(3);
        Span<int> span = owner.Memory.Span;
        owner.Dispose();
        return span; // NB0004
    }

    static Span<int> RunGetSpan()
    {
        using var owner = NativeMemoryOwner<int>.Create(3);
        return owner.GetSpan(); // NB0004
    }

    static async Task<Memory<int>> RunMemory()
    {
        using var owner = NativeMemoryOwner<int>.Create(3);
        await Task.Yield();
        return owner.Memory; // NB0004
    }
}
