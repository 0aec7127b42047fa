static class Sample
{
    static async Task<int> Leak()
    {
        using var arena = NativeArena.Create(); // error CS4007
        await Task.Yield();
        return arena.Allocate<int>(3)[0]; // error CS4007
    }

    static async Task<int> LeakScope(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow(); // error CS4007
        using ArenaScope scope = arena.BeginScope(); // error CS4007
        await Task.Yield();
        return 0;
    }

    static async Task<int> LeakSpan(NativeArenaOwner owner)
    {
        ArenaBorrow arena = owner.Borrow();
        Span<int> numbers = arena.Allocate<int>(3);
        arena.Dispose();
        await Task.Yield();
        return numbers[0]; // error CS4007
    }

    static IEnumerable<int> LeakYield()
    {
        using var arena = NativeArena.Create(); // error CS4007
        yield return arena.Allocate<int>(3)[0];
        yield return arena.Allocate<int>(3)[0]; // error CS4007
    }
}
