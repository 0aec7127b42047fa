static class Sample
{
    ref struct Samples
    {
        public NativeBuffer<int> Buffer;

        public Span<int> Leak() => Buffer.AsSpan(); // error CS8170

        public ref int LeakFirst => ref Buffer[0]; // error CS8170

        [UnscopedRef]
        public Span<int> All() => Buffer.AsSpan();
    }

    static Span<int> LeakAll()
    {
        Samples samples = default;
        samples.Buffer = NativeBuffer.Create<int>(3);
        Span<int> all = samples.All();
        samples.Buffer.Dispose();
        return all; // error CS8352
    }
}
