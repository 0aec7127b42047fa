static class Sample
{
    static unsafe Span<int> Leak()
    {
        using var arena = NativeArena.Create();
        return arena.Allocate<int>(3); // warning CS9091
    }

    static unsafe Span<int> LeakOfScope(in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        return scope.Allocate<int>(3); // warning CS9091
    }

    static unsafe ArenaScope LeakScope()
    {
        using var arena = NativeArena.Create();
        return arena.BeginScope(); // warning CS9091
    }
}
