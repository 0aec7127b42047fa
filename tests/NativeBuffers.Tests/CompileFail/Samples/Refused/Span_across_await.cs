static class Sample
{
    static async Task<int> Leak()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        Span<int> span = buffer.AsSpan();
        await Task.Yield();
        return span[0]; // error CS4007
    }
}
