static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return MemoryMarshal.CreateSpan(ref buffer[0], buffer.Length); // NB0004
    }

    static ref int LeakElement()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref System.Runtime.CompilerServices.Unsafe.AsRef(in buffer[0]); // NB0004
    }
}
