static class Sample
{
    // A copy is another name of the arena, and its spans may live as long as the name does. The copy itself throws; the span
    // does not know.
    static int Run()
    {
        NativeArena outer = default;
        scoped Span<int> span;
        using (var arena = NativeArena.Create())
        {
            outer = arena; // NB0005
            span = outer.Allocate<int>(3);
        }

        return span[0]; // NB0004
    }

    static int RunBorrow(NativeArenaOwner owner)
    {
        ArenaBorrow outer = default;
        scoped Span<int> span;
        using (ArenaBorrow arena = owner.Borrow())
        {
            outer = arena;
            span = outer.Allocate<int>(3);
        }

        return span[0]; // NB0004
    }

    static int RunScope(in NativeArena arena)
    {
        ArenaScope outer = arena.BeginScope();
        Span<int> span = outer.Allocate<int>(3);
        using (ArenaScope copy = outer) // NB0005
        {
        }

        return span[0]; // NB0004
    }
}
