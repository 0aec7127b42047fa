static class Sample
{
    ref struct Keeper(Span<int> span)
    {
        public Span<int> Span = span;
    }

    ref struct Parser
    {
        private readonly NativeArena _arena = NativeArena.Create();

        public Parser()
        {
        }

        public Span<int> Leak() => _arena.Allocate<int>(3); // error CS8170

        [UnscopedRef]
        public Span<int> All() => _arena.Allocate<int>(3);

        public void Dispose() => _arena.Dispose();
    }

    static Keeper Leak()
    {
        using var arena = NativeArena.Create();
        return new Keeper(arena.Allocate<int>(3)); // error CS8168, error CS8347
    }

    static void LeakToField(ref Keeper keeper, in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        keeper.Span = scope.Allocate<int>(3); // error CS8352
    }

    static Span<int> LeakOfField()
    {
        using var parser = new Parser();
        return parser.All(); // error CS8156
    }
}
