static class Sample
{
    static int First(in NativeBuffer<int> buffer) => buffer[0];

    static int FirstOfCopy(NativeBuffer<int> buffer) => buffer[0];

    static void Grow(ref NativeBuffer<int> buffer) => buffer.Resize(buffer.Length * 2);

    static void Make(out NativeBuffer<int> buffer) => buffer = NativeBuffer.Create<int>(3);

    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Make(out NativeBuffer<int> other);
        try
        {
            Grow(ref other);
            return First(buffer) + First(in other) + FirstOfCopy(other);
        }
        finally
        {
            other.Dispose();
        }
    }
}
