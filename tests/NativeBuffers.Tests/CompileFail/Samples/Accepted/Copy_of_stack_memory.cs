static class Sample
{
    static NativeBuffer<int> Make()
    {
        Span<int> local = stackalloc int[3];
        return NativeBuffer.CreateFrom<int>(local);
    }

    static NativeBuffer<int> MakeOfBuffer()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return NativeBuffer.CreateFrom<int>(buffer);
    }
}
