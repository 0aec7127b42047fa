static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<int> all = buffer;
        return all; // error CS8352
    }

    static ReadOnlySpan<int> LeakToRead()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        ReadOnlySpan<int> all = buffer;
        return all[1..]; // error CS8352
    }
}
