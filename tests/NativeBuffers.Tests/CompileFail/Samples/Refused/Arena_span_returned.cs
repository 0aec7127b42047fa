static class Sample
{
    static Span<int> Leak()
    {
        using var arena = NativeArena.Create();
        return arena.Allocate<int>(3); // error CS8168
    }

    static Span<int> LeakUninitialized()
    {
        using var arena = NativeArena.Create();
        return arena.AllocateUninitialized<int>(3); // error CS8168
    }

    static Span<int> LeakCopy(int[] numbers)
    {
        using var arena = NativeArena.Create();
        return arena.CopyFrom<int>(numbers); // error CS8168
    }

    static ref int LeakReference()
    {
        using var arena = NativeArena.Create();
        return ref arena.New(3); // error CS8168
    }

    static ref int LeakElement()
    {
        using var arena = NativeArena.Create();
        return ref arena.Allocate<int>(3)[0]; // error CS8168
    }

    static ReadOnlySpan<int> LeakConverted()
    {
        using var arena = NativeArena.Create();
        ReadOnlySpan<int> numbers = arena.Allocate<int>(3);
        return numbers; // error CS8352
    }

    static Span<byte> LeakCast()
    {
        using var arena = NativeArena.Create();
        return MemoryMarshal.AsBytes(arena.Allocate<int>(3)); // error CS8168, error CS8347
    }

    static Span<int> LeakSliced()
    {
        using var arena = NativeArena.Create();
        Span<int> numbers = arena.Allocate<int>(3);
        return numbers[1..]; // error CS8352
    }

    static Span<int> LeakOfParameter(NativeArena arena)
    {
        return arena.Allocate<int>(3); // error CS8166
    }

    static Span<int> LeakOfTemporary()
    {
        return NativeArena.Create().Allocate<int>(3); // error CS8156
    }
}
