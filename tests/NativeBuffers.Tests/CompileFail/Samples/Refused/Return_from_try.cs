static class Sample
{
    static Span<int> Leak()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        try
        {
            return buffer; // error CS8168, error CS8347
        }
        finally
        {
            buffer.Dispose();
        }
    }
}
