static class Sample
{
    static void Run(NativeRegion region)
    {
        region.Borrow<string>(0, 10).Dispose(); // error CS8377
        StableBuffer<object>.Reserve(10).Dispose(); // error CS8377
    }
}
