static class Sample
{
    static int Leak()
    {
        Span<int> all = default;
        {
            using var list = new ScratchList<int>(new int[4]);
            all = list.AsSpan(); // error CS8168
        }

        return all[0];
    }

    static void LeakToOut(out Span<int> all)
    {
        using var list = new ScratchList<int>(new int[4]);
        all = list.AsSpan(); // error CS8168
    }

    static void LeakReference(ref Holder holder)
    {
        using var list = new ScratchList<int>(new int[4]);
        holder.All = list.AsSpan(); // error CS8168
    }

    ref struct Holder
    {
        public Span<int> All;
    }
}
