static class Sample
{
    static Span<int> All(in NativeBuffer<int> buffer) => buffer.AsSpan();

    static ref int First(in NativeBuffer<int> buffer) => ref buffer[0];

    static ReadOnlySpan<int> ToRead(in NativeBuffer<int> buffer) => buffer;

    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        First(buffer) = 4;
        return All(buffer)[0] + ToRead(buffer)[0];
    }
}
