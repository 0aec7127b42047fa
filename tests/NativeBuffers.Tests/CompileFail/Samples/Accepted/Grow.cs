static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        buffer.Resize(6);
        buffer.Clear();
        return buffer.Length;
    }
}
