static class Sample
{
    static int Leak(NativeArenaOwner owner, ArenaSlice<int> slice)
    {
        Span<int> outer = default;
        ref int element = ref MemoryMarshal.GetReference(outer);
        {
            using var arena = NativeArena.Create();
            outer = arena.Allocate<int>(3); // error CS8168
            element = ref arena.New(3); // error CS8374
            using ArenaScope scope = arena.BeginScope();
            outer = scope.Allocate<int>(3); // error CS8352
        }

        using (ArenaBorrow borrow = owner.Borrow())
        {
            outer = borrow.Allocate<int>(3); // error CS8168
            outer = borrow.AsSpan(slice); // error CS8168
        }

        return outer[0] + element;
    }

    static int LeakOfScope()
    {
        using var arena = NativeArena.Create();
        Span<int> ofArena = arena.Allocate<int>(3);
        {
            using ArenaScope scope = arena.BeginScope();
            ofArena = scope.Allocate<int>(3); // error CS8352
        }

        return ofArena[0];
    }

    static int LeakOfInnerScope()
    {
        using var arena = NativeArena.Create();
        using ArenaScope scope = arena.BeginScope();
        Span<int> ofScope = scope.Allocate<int>(3);
        using (ArenaScope inner = scope.BeginScope())
        {
            ofScope = inner.CopyFrom<int>(ofScope); // error CS8352
        }

        return ofScope[0];
    }

    static int LeakOfLoop(string[] lines)
    {
        using var arena = NativeArena.Create();
        Span<char> longest = default;
        foreach (string line in lines)
        {
            using ArenaScope scope = arena.BeginScope();
            longest = scope.CopyFrom<char>(line); // error CS8352
        }

        return longest.Length;
    }
}
