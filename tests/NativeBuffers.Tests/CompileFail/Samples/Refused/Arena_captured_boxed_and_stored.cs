static class Sample
{
    sealed class Holder
    {
        public NativeArena Arena; // error CS8345

        public ArenaScope Scope; // error CS8345

        public ArenaBorrow Borrow { get; set; } // error CS8345
    }

    static NativeArena s_arena; // error CS8345

    static Func<int> Leak()
    {
        using var arena = NativeArena.Create();
        return () => arena.Allocate<int>(3)[0]; // error CS8175
    }

    static Task<int> LeakToThread(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return Task.Run(() => arena.Allocate<int>(3)[0]); // error CS8175
    }

    static Action LeakScope(ArenaScope scope)
    {
        return () => scope.Dispose(); // error CS9108
    }

    static object LeakBoxed()
    {
        using var arena = NativeArena.Create();
        return arena; // error CS0029
    }

    static IDisposable LeakToInterface(in NativeArena arena)
    {
        return arena.BeginScope(); // error CS0029
    }

    static List<NativeArena> LeakToList() => []; // error CS9244

    static ArenaScope[] LeakToArray() => []; // error CS0611
}
