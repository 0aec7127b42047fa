static class Sample
{
    static int Run()
    {
        Span<int> span = NativeBuffer.Create<int>(3);
        return span[0];
    }
}
