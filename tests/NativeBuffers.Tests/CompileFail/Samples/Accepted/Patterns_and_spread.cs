static class Sample
{
    static int[] Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer is { Length: > 2 } and [var first, .., var last] ? [first, last, .. buffer.AsSpan()] : [];
    }
}
