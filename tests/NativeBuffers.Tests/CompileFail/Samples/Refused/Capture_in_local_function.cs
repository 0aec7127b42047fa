static class Sample
{
    static int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return First();

        int First() => buffer[0]; // error CS8175
    }
}
