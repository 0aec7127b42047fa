static class Sample
{
    ref struct Keeper(Span<int> span)
    {
        private readonly Span<int> _span = span;

        public int First => _span[0];
    }

    ref struct Window(NativeMemoryOwner<int> owner)
    {
        private Borrow<int> _borrow = owner.Borrow();

        public Span<int> Leak() => _borrow.Span; // error CS8170

        [UnscopedRef]
        public Span<int> All() => _borrow.Span;

        public void Dispose() => _borrow.Dispose();
    }

    static Keeper Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return new Keeper(borrow.Span); // error CS8168, error CS8347
    }

    static Span<int> LeakOfField(NativeMemoryOwner<int> owner)
    {
        using var window = new Window(owner);
        return window.All(); // error CS8156
    }
}
