static class Sample
{
    static unsafe Span<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan(); // warning CS9091
    }

    static unsafe ref int LeakElement()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer[0]; // warning CS9091
    }
}
