static class Sample
{
    static void DisposeOf<T>(T owner)
        where T : IDisposable, allows ref struct => owner.Dispose();

    static void Run()
    {
        DisposeOf(NativeBuffer.Create<int>(3));
        Func<int, NativeBuffer<int>> make = static length => NativeBuffer.Create<int>(length);
        using var buffer = make(3);
    }
}
