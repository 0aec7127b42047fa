static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer; // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakToRead()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer; // error CS8168, error CS8347
    }

    static Span<int> LeakByCast()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return (Span<int>)buffer; // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakByTwoCasts()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return (ReadOnlySpan<int>)(Span<int>)buffer; // error CS8168, error CS8347
    }
}
