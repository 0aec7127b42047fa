static class Sample
{
    ref struct Keeper
    {
        private Span<int> _span;

        public void Keep(in NativeBuffer<int> buffer) => _span = buffer.AsSpan(); // error CS9077

        public void KeepUnscoped([UnscopedRef] in NativeBuffer<int> buffer) => _span = buffer.AsSpan();

        public int First => _span[0];
    }

    static int Leak()
    {
        Keeper keeper = default;
        {
            using var buffer = NativeBuffer.Create<int>(3);
            keeper.KeepUnscoped(buffer); // error CS8168, error CS8350
        }

        return keeper.First;
    }
}
