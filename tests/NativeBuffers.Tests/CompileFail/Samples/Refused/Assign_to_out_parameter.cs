static class Sample
{
    static void Leak(out Span<int> span)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        span = buffer.AsSpan(); // error CS8168
    }

    static void LeakConversion(out ReadOnlySpan<int> span)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        span = buffer; // error CS8168, error CS8347
    }
}
