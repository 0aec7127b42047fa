static class Sample
{
    static Func<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return () => buffer[0]; // error CS8175
    }

    static Task<int> LeakToThread()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Task.Run(() => buffer[0]); // error CS8175
    }

    static Func<int> LeakParameter(NativeBuffer<int> buffer)
    {
        return () => buffer[0]; // error CS9108
    }
}
