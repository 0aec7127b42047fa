static class Sample
{
    ref struct Pair
    {
        public Span<int> First;

        public void Deconstruct(out Span<int> first, out int length)
        {
            first = First;
            length = First.Length;
        }
    }

    static Pair Of(in NativeBuffer<int> buffer) => new() { First = buffer.AsSpan() };

    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        (Span<int> span, _) = Of(buffer);
        return span; // error CS8352
    }
}
