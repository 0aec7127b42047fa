static class Sample
{
    static void Leak(ref Span<int> span)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        span = buffer.AsSpan(); // error CS8168
    }
}
