static class Sample
{
    static ref int Leak(NativeArenaOwner owner, ArenaRef<int> reference)
    {
        using var arena = owner.Borrow();
        return ref arena.At(reference); // error CS8168
    }

    static Span<char> LeakText()
    {
        using var arena = NativeArena.Create();
        return arena.CopyString("text"); // error CS8168
    }
}
