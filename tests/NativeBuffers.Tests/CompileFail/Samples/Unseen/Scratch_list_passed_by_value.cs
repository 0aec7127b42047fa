static class Sample
{
    // What the callee adds is not in the caller's list; what it grows into, nobody gives back before the thread ends.
    static void Fill(ScratchList<int> list) => list.Add(1);

    static int Run()
    {
        using var list = new ScratchList<int>(stackalloc int[1]);
        Fill(list);
        return list.Count;
    }
}
