static class Sample
{
    // The compiler resizes a copy: the variable still has the old memory.
    static void Grow(in NativeBuffer<int> buffer) => buffer.Resize(100); // NB0005

    static void Run()
    {
        var buffer = NativeBuffer.Create<int>(3);
        using (buffer) // NB0005
        {
            buffer.Resize(100);
        }
    }
}
