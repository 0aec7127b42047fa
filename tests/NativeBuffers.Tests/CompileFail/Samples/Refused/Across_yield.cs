static class Sample
{
    static IEnumerable<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3); // error CS4007
        yield return buffer[0];
        yield return buffer[1]; // error CS4007
    }
}
