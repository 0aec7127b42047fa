static class Sample
{
    static async Task<int> Leak()
    {
        using var list = new ScratchList<int>(new int[4]); // error CS4007
        await Task.Yield();
        return list[0]; // error CS4007
    }

    static IEnumerable<int> LeakIterated()
    {
        using var list = new ScratchList<int>(new int[4]); // error CS4007
        yield return list[0];
        yield return list[1]; // error CS4007
    }
}
