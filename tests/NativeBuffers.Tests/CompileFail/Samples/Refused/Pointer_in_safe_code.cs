static class Sample
{
    static void Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        _ = buffer.Pointer; // error CS0214
    }

    static void LeakFixed()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        fixed (int* first = buffer) // error CS0214
        {
            *first = 1; // error CS0214
        }
    }
}
