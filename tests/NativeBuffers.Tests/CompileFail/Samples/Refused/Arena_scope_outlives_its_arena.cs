static class Sample
{
    static int Leak()
    {
        ArenaScope outer = default;
        {
            using var arena = NativeArena.Create();
            outer = arena.BeginScope(); // error CS8168
        }

        return outer.Allocate<int>(3).Length;
    }

    static int LeakOfScope()
    {
        using var arena = NativeArena.Create();
        ArenaScope outer = default;
        using (ArenaScope scope = arena.BeginScope())
        {
            outer = scope.BeginScope(); // error CS8352
        }

        return outer.Allocate<int>(3).Length;
    }

    static int LeakOfBorrow(NativeArenaOwner owner)
    {
        ArenaScope outer = default;
        using (ArenaBorrow borrow = owner.Borrow())
        {
            outer = borrow.BeginScope(); // error CS8168
        }

        return outer.Allocate<int>(3).Length;
    }

    static void LeakOut(out ArenaScope scope)
    {
        using var arena = NativeArena.Create();
        scope = arena.BeginScope(); // error CS8168
    }
}
