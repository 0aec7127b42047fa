static class Sample
{
    static int Leak()
    {
        return Inner()[0];

        static Span<int> Inner()
        {
            using var buffer = NativeBuffer.Create<int>(3);
            return buffer.AsSpan(); // error CS8168
        }
    }
}
