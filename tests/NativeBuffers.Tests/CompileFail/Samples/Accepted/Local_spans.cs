static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Span<int> all = buffer;
        ReadOnlySpan<int> toRead = buffer;
        scoped Span<int> part = buffer.AsSpan(1);
        part = part[1..];
        return all[0] + toRead[1] + part.Length;
    }
}
