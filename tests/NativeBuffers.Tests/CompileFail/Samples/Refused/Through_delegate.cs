static class Sample
{
    delegate Span<int> Getter(in NativeBuffer<int> buffer);

    static Span<int> Leak()
    {
        Getter get = static (in NativeBuffer<int> buffer) => buffer.AsSpan();
        using var buffer = NativeBuffer.Create<int>(3);
        return get(buffer); // error CS8168, error CS8347
    }

    static int LeakByValue()
    {
        Func<NativeBuffer<int>, Span<int>> get = static buffer => buffer.AsSpan(); // error CS8166
        using var buffer = NativeBuffer.Create<int>(3);
        return get(buffer)[0];
    }
}
