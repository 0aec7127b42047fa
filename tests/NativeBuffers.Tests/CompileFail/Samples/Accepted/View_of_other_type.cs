static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<byte> bytes = MemoryMarshal.AsBytes(buffer.AsSpan());
        return bytes.Length + MemoryMarshal.Cast<int, short>(buffer.AsSpan())[1];
    }
}
