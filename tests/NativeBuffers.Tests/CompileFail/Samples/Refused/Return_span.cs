static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan(); // error CS8168
    }
}
