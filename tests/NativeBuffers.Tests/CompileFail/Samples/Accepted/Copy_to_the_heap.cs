static class Sample
{
    static int[] Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan().ToArray();
    }
}
