static class Sample
{
    static Span<int> Leak(in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        return scope.Allocate<int>(3); // error CS8168
    }

    static ref int LeakReference(in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        return ref scope.New(3); // error CS8168
    }

    static Span<int> LeakOfNested(in ArenaScope around)
    {
        using ArenaScope scope = around.BeginScope();
        return scope.CopyFrom<int>([1]); // error CS8168
    }

    static Span<int> LeakOfTemporary(in NativeArena arena)
    {
        return arena.BeginScope().Allocate<int>(3); // error CS8156
    }

    static ArenaScope LeakScope()
    {
        using var arena = NativeArena.Create();
        return arena.BeginScope(); // error CS8168
    }

    static ArenaScope LeakScopeOfScope(in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        return scope.BeginScope(); // error CS8168
    }

    static ArenaScope LeakScopeOfBorrow(NativeArenaOwner owner)
    {
        using ArenaBorrow borrow = owner.Borrow();
        return borrow.BeginScope(); // error CS8168
    }
}
