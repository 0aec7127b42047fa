static class Sample
{
    static ref readonly int First(in ReadOnlySpan<int> span) => ref span[0];

    static ref readonly int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref First(buffer); // error CS8168, error CS8347
    }
}
