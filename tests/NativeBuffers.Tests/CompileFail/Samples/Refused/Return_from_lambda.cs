static class Sample
{
    delegate Span<int> Maker();

    static int Leak()
    {
        Maker make = static () =>
        {
            using var buffer = NativeBuffer.Create<int>(3);
            return buffer.AsSpan(); // error CS8168
        };
        return make()[0];
    }
}
