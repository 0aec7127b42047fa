static class Sample
{
    static async Task<int> Run(NativeRegion region)
    {
        using var borrow = region.Borrow<int>(0, 10); // error CS4007
        await Task.Yield();
        return borrow[0]; // error CS4007
    }
}
