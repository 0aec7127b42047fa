static class Sample
{
    readonly ref struct View(ReadOnlySpan<int> elements)
    {
        public readonly ReadOnlySpan<int> Elements = elements;
    }

    static View Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return new View(buffer); // error CS8168, error CS8347
    }
}
