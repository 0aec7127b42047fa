static class Sample
{
    static int Work(in NativeArena arena, int depth)
    {
        using ArenaScope scope = arena.BeginScope();
        return scope.Allocate<int>(depth).Length + Deeper(scope, depth);
    }

    static int Deeper(in ArenaScope around, int depth)
    {
        if (depth == 0)
        {
            return 0;
        }

        using ArenaScope scope = around.BeginScope();
        Span<int> numbers = scope.Allocate<int>(depth);
        numbers[0] = depth;
        return numbers[0] + Deeper(scope, depth - 1);
    }

    static int Run(string[] lines, NativeArenaOwner owner)
    {
        using var arena = NativeArena.Create();
        int sum = Work(arena, 3);
        foreach (string line in lines)
        {
            using ArenaScope scope = arena.BeginScope();
            sum += scope.CopyFrom<char>(line).Length;
        }

        using (ArenaBorrow borrow = owner.Borrow())
        using (ArenaScope scope = borrow.BeginScope())
        {
            sum += Deeper(scope, 3);
        }

        return sum;
    }
}
