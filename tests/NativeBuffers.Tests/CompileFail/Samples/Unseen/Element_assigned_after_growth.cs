static class Sample
{
    // C# takes the reference to the element first, and stores through it when the list may have moved.
    static int Grow(ref ScratchList<int> list)
    {
        list.EnsureCapacity(1_000_000);
        return 1;
    }

    static void Run()
    {
        var list = new ScratchList<int>(stackalloc int[1]);
        try
        {
            list.EnsureCapacity(10);
            list.Add(1);
            list[0] = Grow(ref list); // NB0004
        }
        finally
        {
            list.Dispose();
        }
    }
}
