static class Sample
{
    static ref int LeakReference()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer) // error CS1510
        {
            return ref element;
        }

        throw new InvalidOperationException();
    }

    static NativeBufferEnumerator<int> LeakEnumerator()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.GetEnumerator(); // error CS8168
    }

    static Span<int> LeakRange()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer[1..]; // error CS8168
    }

    static void Write()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (int element in buffer)
        {
            element = 1; // error CS1656
        }
    }
}
