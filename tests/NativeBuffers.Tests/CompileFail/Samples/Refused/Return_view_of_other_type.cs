static class Sample
{
    static Span<byte> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return MemoryMarshal.Cast<int, byte>(buffer.AsSpan()); // error CS8168, error CS8347
    }

    static Span<byte> LeakBytes()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return MemoryMarshal.AsBytes(buffer.AsSpan()); // error CS8168, error CS8347
    }

    static ref int LeakReference()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref MemoryMarshal.GetReference(buffer.AsSpan()); // error CS8168, error CS8347
    }

    static Span<int> LeakElement()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return new Span<int>(ref buffer[0]); // error CS8168, error CS8347
    }
}
