static class Sample
{
    static int Leak()
    {
        Span<int> outer = new int[3];
        {
            using var buffer = NativeBuffer.Create<int>(3);
            outer = buffer.AsSpan(); // error CS8168
        }

        return outer[0];
    }

    static int LeakConversion()
    {
        Span<int> outer = default;
        using (var buffer = NativeBuffer.Create<int>(3))
        {
            outer = buffer; // error CS8168, error CS8347
        }

        return outer[0];
    }
}
