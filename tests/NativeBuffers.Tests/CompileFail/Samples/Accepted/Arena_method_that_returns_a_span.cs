static class Sample
{
    static Span<int> Numbers([UnscopedRef] in NativeArena arena, int length) => arena.Allocate<int>(length);

    static Span<int> NumbersByReference(ref NativeArena arena, int length) => arena.Allocate<int>(length);

    static Span<int> Numbers([UnscopedRef] in ArenaScope scope, int length) => scope.Allocate<int>(length);

    static Span<int> Numbers([UnscopedRef] in ArenaBorrow borrow, int length) => borrow.Allocate<int>(length);

    static Span<int> NumbersWithoutAttribute(in NativeArena arena) => arena.Allocate<int>(3);

    static ref int First(in NativeArena arena) => ref arena.New(1);

    static int Run(NativeArenaOwner owner)
    {
        using var arena = NativeArena.Create();
        Span<int> outer = Numbers(arena, 3);
        outer = NumbersWithoutAttribute(arena);
        ref int one = ref First(arena);
        using ArenaScope scope = arena.BeginScope();
        Span<int> inner = Numbers(scope, 3);
        outer.CopyTo(inner);
        using ArenaBorrow borrow = owner.Borrow();
        NativeArena another = NativeArena.Create();
        int sum = outer[0] + inner[0] + one + Numbers(borrow, 1)[0] + NumbersByReference(ref another, 1)[0];
        another.Dispose();
        return sum;
    }
}
