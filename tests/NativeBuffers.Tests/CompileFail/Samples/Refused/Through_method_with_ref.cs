static class Sample
{
    static Span<int> All(ref NativeBuffer<int> buffer) => buffer.AsSpan();

    static Span<int> Leak()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        Span<int> all = All(ref buffer);
        buffer.Dispose();
        return all; // error CS8352
    }
}
