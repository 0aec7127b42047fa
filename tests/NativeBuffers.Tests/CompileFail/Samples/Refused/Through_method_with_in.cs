static class Sample
{
    static Span<int> All(in NativeBuffer<int> buffer) => buffer.AsSpan();

    static ref int First(in NativeBuffer<int> buffer) => ref buffer[0];

    static ReadOnlySpan<int> ToRead(in NativeBuffer<int> buffer) => buffer;

    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return All(buffer); // error CS8168, error CS8347
    }

    static ref int LeakFirst()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref First(in buffer); // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakToRead()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ToRead(buffer); // error CS8168, error CS8347
    }
}
