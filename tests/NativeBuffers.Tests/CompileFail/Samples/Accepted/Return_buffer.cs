static class Sample
{
    static NativeBuffer<int> Make(int length)
    {
        NativeBuffer<int> buffer = NativeBuffer.CreateUninitialized<int>(length);
        buffer.Fill(1);
        return buffer;
    }

    static NativeBuffer<int> MakeDirectly(int length) => NativeBuffer.Create<int>(length, NativeAllocator.Malloc);

    static int Run()
    {
        using var buffer = Make(3);
        using NativeBuffer<int> other = MakeDirectly(3);
        return buffer[0] + other[0];
    }
}
