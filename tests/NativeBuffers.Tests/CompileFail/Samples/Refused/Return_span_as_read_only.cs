static class Sample
{
    static ReadOnlySpan<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        ReadOnlySpan<int> all = buffer.AsSpan();
        return all; // error CS8352
    }
}
