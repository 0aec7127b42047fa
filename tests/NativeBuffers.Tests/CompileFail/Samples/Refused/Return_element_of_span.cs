static class Sample
{
    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer.AsSpan()[0]; // error CS8168
    }

    static ref int LeakPart()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<int> part = buffer.AsSpan(1);
        return ref part[0]; // error CS8352
    }
}
