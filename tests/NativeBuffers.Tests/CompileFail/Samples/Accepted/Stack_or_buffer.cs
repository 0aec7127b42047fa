static class Sample
{
    static int Run(int length)
    {
        using NativeBuffer<int> buffer = length > 64 ? NativeBuffer.Create<int>(length) : default;
        Span<int> elements = length > 64 ? buffer : stackalloc int[length];
        return elements.Length;
    }
}
