static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        NativeBuffer<int> copy = buffer;
        return copy.AsSpan(); // error CS8168
    }
}
