static class Sample
{
    static Span<int> Same(Span<int> span) => span;

    static ReadOnlySpan<int> SameToRead(ReadOnlySpan<int> span) => span;

    static ref int First(this Span<int> span) => ref span[0];

    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Same(buffer); // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakToRead()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return SameToRead(buffer); // error CS8168, error CS8347
    }

    static ref int LeakFirst()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer.AsSpan().First(); // error CS8168, error CS8347
    }
}
