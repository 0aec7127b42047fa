static class Sample
{
    // Elements that the callee adds are not in the caller's list; the block of the callee's growth is not freed before the thread ends.
    static void Fill(ScratchList<int> list) => list.Add(1);

    static int Run()
    {
        using var list = new ScratchList<int>(stackalloc int[1]);
        Fill(list); // NB0005
        return list.Count;
    }
}
