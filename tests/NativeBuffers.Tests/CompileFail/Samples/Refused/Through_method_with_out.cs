static class Sample
{
    static void Get(in NativeBuffer<int> buffer, out Span<int> span) => span = buffer.AsSpan();

    static void GetUnscoped([UnscopedRef] in NativeBuffer<int> buffer, out Span<int> span) => span = buffer.AsSpan();

    static int Leak()
    {
        Span<int> outer;
        {
            using var buffer = NativeBuffer.Create<int>(3);
            Get(buffer, out outer); // error CS8168, error CS8350
            GetUnscoped(buffer, out outer); // error CS8168, error CS8350
        }

        return outer[0];
    }
}
