static class Sample
{
    static IEnumerable<int> Leak(NativeBuffer<int> buffer)
    {
        yield return buffer[0]; // error CS4007
    }
}
