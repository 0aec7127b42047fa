static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<int> span = buffer;
        buffer.Resize(1_000_000);
        return span[0]; // NB0004
    }
}
