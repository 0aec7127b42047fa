static class Sample
{
    static void Replace(ref NativeBuffer<int> buffer) => buffer = default;

    static void Fill(out NativeBuffer<int> buffer) => buffer = default;

    static void Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Replace(ref buffer); // error CS1657
        Fill(out buffer); // error CS1657
    }
}
