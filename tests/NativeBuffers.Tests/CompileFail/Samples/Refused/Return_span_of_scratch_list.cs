static class Sample
{
    static Span<int> Leak()
    {
        using var list = new ScratchList<int>(stackalloc int[4]);
        return list.AsSpan(); // error CS8352
    }

    static Span<int> LeakOnHeap()
    {
        using var list = new ScratchList<int>(new int[4]);
        return list.AsSpan(); // error CS8168
    }

    static Span<int> LeakDefault()
    {
        ScratchList<int> list = default;
        list.Add(1);
        return list.AsSpan(); // error CS8168
    }

    static Span<int> LeakVariable()
    {
        using var list = new ScratchList<int>(new int[4]);
        Span<int> all = list.AsSpan();
        return all; // error CS8352
    }

    static Span<int> LeakOfParameter(ScratchList<int> list)
    {
        return list.AsSpan(); // error CS8166
    }

    static Span<int> LeakSlice()
    {
        using var list = new ScratchList<int>(new int[4]);
        return list.AsSpan()[1..]; // error CS8168
    }

    static ref int LeakElement()
    {
        using var list = new ScratchList<int>(new int[4]);
        return ref list[0]; // error CS8168
    }
}
