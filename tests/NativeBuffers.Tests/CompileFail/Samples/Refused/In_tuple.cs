static class Sample
{
    static int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        (NativeBuffer<int> Buffer, int Count) pair = (buffer, 3); // error CS9244
        return pair.Count;
    }
}
