static class Sample
{
    static NativeArena Create()
    {
        NativeArena arena = NativeArena.Create(100, NativeAllocator.Malloc, byteLimit: 1000);
        arena.Allocate<int>(3).Fill(1);
        return arena;
    }

    static ArenaBorrow Begin(NativeArenaOwner owner) => owner.Borrow();

    static ArenaScope Within([UnscopedRef] in NativeArena arena) => arena.BeginScope();

    static long Run(NativeArenaOwner owner)
    {
        using var arena = Create();
        using var borrow = Begin(owner);
        using var scope = Within(arena);
        return arena.AllocatedBytes + borrow.AllocatedBytes;
    }
}
