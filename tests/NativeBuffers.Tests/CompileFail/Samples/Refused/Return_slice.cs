static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<int> all = buffer.AsSpan();
        Span<int> part = all.Slice(1);
        return part; // error CS8352
    }

    static Span<int> LeakRange()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan()[1..3]; // error CS8168
    }
}
