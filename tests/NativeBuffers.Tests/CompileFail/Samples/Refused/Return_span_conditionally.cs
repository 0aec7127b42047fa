static class Sample
{
    static Span<int> Leak(bool empty)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return empty ? default : buffer.AsSpan(); // error CS8168
    }
}
