static class Sample
{
    static int Run(int[] items)
    {
        using var list = new NativeList<int>();
        list.AddRange(items);
        list.AddRange(new[] { 1, 2 });
        return list.Count;
    }
}
