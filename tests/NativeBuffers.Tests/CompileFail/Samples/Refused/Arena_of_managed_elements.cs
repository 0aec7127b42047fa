static class Sample
{
    struct Named
    {
        public string Name;
    }

    static void Run(NativeArenaOwner owner)
    {
        using var arena = NativeArena.Create();
        _ = arena.Allocate<string>(3); // error CS8377
        _ = arena.New(new Named { Name = "" }); // error CS8377
        using ArenaBorrow borrow = owner.Borrow();
        _ = borrow.AllocateSlice<Named>(3); // error CS8377
    }

    static ArenaSlice<string> s_slice; // error CS8377
}
