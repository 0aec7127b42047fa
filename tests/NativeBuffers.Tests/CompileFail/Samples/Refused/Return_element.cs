static class Sample
{
    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer[0]; // error CS8168
    }

    static ref int LeakLast()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer[^1]; // error CS8168
    }

    static ref readonly int LeakToRead()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer[0]; // error CS8168
    }

    static ref int LeakVariable()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        ref int first = ref buffer[0];
        return ref first; // error CS8157
    }
}
