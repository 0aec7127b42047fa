static class Sample
{
    // The handle can be stored anywhere, so its span cannot be tied to it: the bytes may be another renter's by now.
    static Span<int> Run()
    {
        using PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(3);
        return buffer.AsSpan(); // NB0004
    }

    static int RunCopy()
    {
        PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(3);
        PooledBuffer<int> copy = buffer;
        Span<int> span = buffer.AsSpan();
        copy.Dispose();
        return span[0]; // NB0004
    }

    static Span<int> RunMemory()
    {
        using PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(3);
        return buffer.Memory.Span; // NB0004
    }
}
