static class Sample
{
    static Span<int> Leak()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        try
        {
            buffer[0] = 1;
        }
        finally
        {
            buffer.Dispose();
        }

        return buffer.AsSpan(); // error CS8168
    }
}
