static class Sample
{
    static Span<int> FromStart()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan(1); // error CS8168
    }

    static Span<int> Part()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan(1, 2); // error CS8168
    }

    static Span<int> OfRange()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan(1..^1); // error CS8168
    }
}
