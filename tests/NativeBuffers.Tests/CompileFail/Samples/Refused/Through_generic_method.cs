static class Sample
{
    static T Same<T>(T value) where T : allows ref struct => value;

    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Same(buffer.AsSpan()); // error CS8168, error CS8347
    }

    static Span<int> LeakBuffer()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Same(buffer).AsSpan(); // error CS8156
    }
}
