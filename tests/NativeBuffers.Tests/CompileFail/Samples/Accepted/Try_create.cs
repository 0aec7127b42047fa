static class Sample
{
    static int Run()
    {
        if (!NativeBuffer.TryCreate(3, out NativeBuffer<int> buffer))
        {
            return 0;
        }

        using (buffer)
        {
            return buffer[0];
        }
    }
}
