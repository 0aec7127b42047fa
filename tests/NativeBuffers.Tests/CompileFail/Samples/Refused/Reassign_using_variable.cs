static class Sample
{
    static void Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        buffer = NativeBuffer.Create<int>(4); // error CS1656
    }

    static void LeakDefault()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        buffer = default; // error CS1656
    }
}
