static class Sample
{
    static Span<int> Leak(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return arena.Allocate<int>(3); // error CS8168
    }

    static Span<int> LeakUninitialized(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return arena.AllocateUninitialized<int>(3); // error CS8168
    }

    static Span<int> LeakCopy(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return arena.CopyFrom<int>([1]); // error CS8168
    }

    static Span<int> LeakSlice(NativeArenaOwner owner, ArenaSlice<int> slice)
    {
        using ArenaBorrow arena = owner.Borrow();
        return arena.AsSpan(slice); // error CS8168
    }

    static ref int LeakReference(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return ref arena.New(3); // error CS8168
    }
}
