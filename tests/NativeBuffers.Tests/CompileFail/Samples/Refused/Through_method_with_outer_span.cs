static class Sample
{
    static void Get(in NativeBuffer<int> buffer, ref Span<int> span) => span = buffer.AsSpan(); // error CS9077

    static void GetUnscoped([UnscopedRef] in NativeBuffer<int> buffer, ref Span<int> span) => span = buffer.AsSpan();

    static int Leak()
    {
        Span<int> outer = default;
        {
            using var buffer = NativeBuffer.Create<int>(3);
            GetUnscoped(buffer, ref outer); // error CS8168, error CS8350
        }

        return outer[0];
    }
}
