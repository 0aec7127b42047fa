static class Sample
{
    static T Same<T>(T value) => value;

    static int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return Same(buffer).Length; // error CS9244
    }
}
