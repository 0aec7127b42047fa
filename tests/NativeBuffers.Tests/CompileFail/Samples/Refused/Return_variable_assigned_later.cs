static class Sample
{
    static Span<int> Leak()
    {
        Span<int> span;
        using var buffer = NativeBuffer.Create<int>(3);
        span = buffer.AsSpan(); // error CS8168
        return span;
    }

    static Span<int> LeakFromNarrow()
    {
        Span<int> span = stackalloc int[3];
        using var buffer = NativeBuffer.Create<int>(3);
        span = buffer;
        return span; // error CS8352
    }
}
