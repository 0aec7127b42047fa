static class Sample
{
    static void Leak()
    {
        using var strings = NativeBuffer.Create<string>(3); // error CS8377
        using var objects = NativeBuffer.CreateFrom<object>([]); // error CS8377
        using NativeBuffer<Task> tasks = default; // error CS8377
        using var spans = NativeBuffer.Create<ReadOnlyMemory<int>>(3); // error CS8377
    }

    static void LeakGeneric<T>()
        where T : struct
    {
        using var elements = NativeBuffer.Create<T>(3); // error CS8377
    }
}
