static class Sample
{
    static T First<T>(in NativeBuffer<T> buffer)
        where T : unmanaged => buffer[0];

    static NativeBuffer<T> Repeat<T>(T value, int length)
        where T : unmanaged
    {
        NativeBuffer<T> buffer = NativeBuffer.CreateUninitialized<T>(length);
        buffer.Fill(value);
        return buffer;
    }

    static (int, Guid, (byte, char)) Run()
    {
        using var numbers = Repeat(3, 4);
        using var ids = Repeat(Guid.Empty, 4);
        using var pairs = Repeat(((byte)1, 'a'), 4);
        return (First(numbers), First(ids), First(pairs));
    }
}
