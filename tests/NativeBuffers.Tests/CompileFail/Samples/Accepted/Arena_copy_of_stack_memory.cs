static class Sample
{
    static int Run(NativeArenaOwner owner)
    {
        using var arena = NativeArena.Create();
        scoped Span<int> kept;
        scoped Span<int> inScope;
        using ArenaScope scope = arena.BeginScope();
        {
            Span<int> stack = stackalloc int[3];
            kept = scope.CopyFrom<int>(stack);
            inScope = scope.CopyFrom<int>(stack[1..]);
            using var other = NativeArena.Create();
            inScope = scope.CopyFrom<int>(other.Allocate<int>(4));
        }

        using ArenaBorrow borrow = owner.Borrow();
        Span<int> borrowed = borrow.CopyFrom<int>(stackalloc int[] { 1, 2 });
        return kept[0] + inScope[0] + borrowed[0];
    }
}
