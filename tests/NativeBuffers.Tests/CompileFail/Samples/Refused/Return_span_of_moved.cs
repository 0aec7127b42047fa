static class Sample
{
    static Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        using var moved = buffer.Move();
        return moved.AsSpan(); // error CS8168
    }
}
