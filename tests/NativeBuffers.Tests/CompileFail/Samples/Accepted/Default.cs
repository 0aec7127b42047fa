static class Sample
{
    static bool Run()
    {
        NativeBuffer<int> buffer = default;
        using NativeBuffer<int> other = new();
        return buffer.IsEmpty && !other.IsDisposed;
    }
}
