static class Sample
{
    static int Leak()
    {
        using var outer = NativeBuffer.Create<int>(3);
        Span<int> kept = outer.AsSpan();
        for (int i = 0; i < 3; i++)
        {
            using var inner = NativeBuffer.Create<int>(3);
            kept = inner.AsSpan(); // error CS8352
        }

        return kept[0];
    }

    static int LeakConversion()
    {
        using var outer = NativeBuffer.Create<int>(3);
        ReadOnlySpan<int> kept = outer;
        {
            using var inner = NativeBuffer.Create<int>(3);
            kept = inner; // error CS8347, error CS8352
        }

        return kept[0];
    }
}
