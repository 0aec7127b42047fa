static class Sample
{
    static IEnumerable<int> Run()
    {
        yield return 1;
        int element;
        using (var buffer = NativeBuffer.Create<int>(3))
        {
            element = buffer[0];
        }

        yield return element;
    }
}
