static class Sample
{
    // The span does not know that the arena, or its scope, was disposed of by hand.
    static int Run()
    {
        NativeArena arena = NativeArena.Create();
        Span<int> span = arena.Allocate<int>(3);
        arena.Dispose();
        return span[0]; // NB0004
    }

    static int RunOuterFirst()
    {
        using var arena = NativeArena.Create();
        ArenaScope outer = arena.BeginScope();
        ArenaScope inner = outer.BeginScope(); // NB0001
        Span<int> span = inner.Allocate<int>(3);
        outer.Dispose();
        return span[0]; // NB0004
    }

    static int RunNeverDisposed()
    {
        Span<int> span = NativeArena.Create().Allocate<int>(3); // NB0001
        return span[0];
    }

    static int RunScopeNeverDisposed(in NativeArena arena)
    {
        Span<int> span = arena.BeginScope().Allocate<int>(3); // NB0001
        return span[0];
    }
}
