static class Sample
{
    static Span<int> Leak()
    {
        if (!NativeBuffer.TryCreate(3, out NativeBuffer<int> buffer))
        {
            return default;
        }

        using (buffer)
        {
            return buffer.AsSpan(); // error CS8168
        }
    }
}
