static class Sample
{
    static Span<int> Leak(NativeBuffer<int> buffer)
    {
        return buffer.AsSpan(); // error CS8166
    }

    static Span<int> LeakConversion(NativeBuffer<int> buffer)
    {
        return buffer; // error CS8166, error CS8347
    }

    static Span<int> LeakScoped(scoped in NativeBuffer<int> buffer)
    {
        return buffer.AsSpan(); // error CS9075
    }
}
