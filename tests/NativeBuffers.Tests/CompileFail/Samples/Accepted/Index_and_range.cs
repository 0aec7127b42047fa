static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(4);
        buffer[^1] = 5;
        Index second = 1;
        Span<int> middle = buffer.AsSpan()[1..3];
        Span<int> rest = buffer.AsSpan(1..);
        return buffer[second] + buffer[^2] + middle[0] + rest.Length;
    }
}
