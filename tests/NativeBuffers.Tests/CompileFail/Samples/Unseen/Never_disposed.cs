static class Sample
{
    static int Run()
    {
        Span<int> span = NativeBuffer.Create<int>(3); // NB0001
        return span[0];
    }
}
