static class Sample
{
    static unsafe int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        fixed (int* first = buffer)
        {
            *first = 1;
            return *first + *buffer.Pointer;
        }
    }
}
