static class Sample
{
    static int Leak()
    {
        scoped Span<int> outer = default;
        {
            using var buffer = NativeBuffer.Create<int>(3);
            outer = buffer.AsSpan(); // error CS8352
        }

        return outer[0];
    }

    static int LeakConversion()
    {
        scoped ReadOnlySpan<int> outer = default;
        {
            using var buffer = NativeBuffer.Create<int>(3);
            outer = buffer; // error CS8347, error CS8352
        }

        return outer[0];
    }

    static int LeakInLoop()
    {
        scoped Span<int> outer = default;
        for (int i = 0; i < 3; i++)
        {
            using var buffer = NativeBuffer.Create<int>(3);
            outer = buffer.AsSpan(1, 2); // error CS8352
        }

        return outer[0];
    }
}
