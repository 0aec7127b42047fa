static class Sample
{
    static int Run()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        try
        {
            buffer.Resize(5);
            return buffer[4];
        }
        finally
        {
            buffer.Dispose();
        }
    }
}
