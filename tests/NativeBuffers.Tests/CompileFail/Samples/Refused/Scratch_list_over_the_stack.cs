static class Sample
{
    static ScratchList<int> Leak()
    {
        var list = new ScratchList<int>(stackalloc int[4]);
        return list; // error CS8352
    }

    static ScratchList<int> LeakAtOnce()
    {
        Span<int> stack = stackalloc int[4];
        return new ScratchList<int>(stack); // error CS8347, error CS8352
    }

    static void LeakToOut(out ScratchList<int> list)
    {
        Span<int> stack = stackalloc int[4];
        list = new ScratchList<int>(stack); // error CS8347, error CS8352
    }

    static void LeakAfterGrowth(ref ScratchList<int> outer)
    {
        var list = new ScratchList<int>(stackalloc int[4]);
        list.EnsureCapacity(1000);
        outer = list; // error CS8352
    }
}
