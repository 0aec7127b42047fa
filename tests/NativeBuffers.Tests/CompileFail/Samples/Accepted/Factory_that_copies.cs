static class Sample
{
    static NativeBuffer<int> Sorted(scoped ReadOnlySpan<int> source)
    {
        NativeBuffer<int> buffer = NativeBuffer.CreateFrom(source);
        buffer.AsSpan().Sort();
        return buffer;
    }

    static NativeBuffer<int> Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Sorted(buffer);
    }
}
