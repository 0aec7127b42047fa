static class Sample
{
    ref struct Holder
    {
        public Span<int> Span;
    }

    static void Leak(ref Holder holder)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        holder.Span = buffer.AsSpan(); // error CS8168
    }

    static Holder LeakNew()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return new Holder { Span = buffer.AsSpan() }; // error CS8352
    }
}
