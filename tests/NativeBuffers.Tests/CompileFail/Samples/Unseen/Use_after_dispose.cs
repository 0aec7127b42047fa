static class Sample
{
    static int Run()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        Span<int> span = buffer;
        buffer.Dispose();
        return span[0]; // NB0004
    }
}
