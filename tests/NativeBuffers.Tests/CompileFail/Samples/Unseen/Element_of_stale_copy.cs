static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        NativeBuffer<int> copy = buffer; // NB0005
        copy.Dispose();
        return buffer[0]; // NB0002
    }
}
