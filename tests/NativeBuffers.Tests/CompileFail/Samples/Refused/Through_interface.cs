static class Sample
{
    interface IElements
    {
        [UnscopedRef]
        Span<int> All();
    }

    ref struct Samples : IElements
    {
        public NativeBuffer<int> Buffer;

        [UnscopedRef]
        public Span<int> All() => Buffer.AsSpan();
    }

    static Span<int> Same<T>([UnscopedRef] ref T elements)
        where T : IElements, allows ref struct => elements.All();

    static Span<int> Leak()
    {
        Samples samples = default;
        samples.Buffer = NativeBuffer.Create<int>(3);
        return Same(ref samples); // error CS8168, error CS8347, error CS8350
    }
}
