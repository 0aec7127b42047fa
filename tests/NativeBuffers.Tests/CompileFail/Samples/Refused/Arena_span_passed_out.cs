static class Sample
{
    static void Leak(out Span<int> span)
    {
        using var arena = NativeArena.Create();
        span = arena.Allocate<int>(3); // error CS8168
    }

    static void LeakByReference(ref Span<int> span, in NativeArena arena)
    {
        using ArenaScope scope = arena.BeginScope();
        span = scope.Allocate<int>(3); // error CS8352
    }

    static void LeakBorrowed(ref Span<int> span, NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        span = arena.Allocate<int>(3); // error CS8168
    }

    static Span<int> Same(Span<int> span) => span;

    static Span<int> All([UnscopedRef] in NativeArena arena) => arena.Allocate<int>(3);

    static Span<int> LeakThroughMethod()
    {
        using var arena = NativeArena.Create();
        return Same(arena.Allocate<int>(3)); // error CS8168, error CS8347
    }

    static Span<int> LeakThroughIn()
    {
        using var arena = NativeArena.Create();
        return All(arena); // error CS8168, error CS8347
    }

    static Span<int> AllWithoutAttribute(in NativeArena arena) => arena.Allocate<int>(3);

    static Span<int> AllByReference(ref NativeArena arena) => arena.Allocate<int>(3);

    static Span<int> LeakThroughInWithoutAttribute()
    {
        using var arena = NativeArena.Create();
        return AllWithoutAttribute(arena); // error CS8168, error CS8347
    }

    static Span<int> LeakThroughReference()
    {
        NativeArena arena = NativeArena.Create();
        return AllByReference(ref arena); // error CS8168, error CS8347
    }
}
