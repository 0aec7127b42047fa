static class Sample
{
    sealed class Holder
    {
        public ScratchList<int> List; // error CS8345
    }

    static object Boxed()
    {
        using var list = new ScratchList<int>(new int[4]);
        return list; // error CS0029
    }

    static Func<int> Captured()
    {
        using var list = new ScratchList<int>(new int[4]);
        return () => list[0]; // error CS8175
    }

    static ScratchList<int>[] InArray() => null!; // error CS0611
}
