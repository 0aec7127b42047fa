static class Sample
{
    static Span<int> Leak()
    {
        return NativeBuffer.Create<int>(3).AsSpan(); // error CS8156
    }

    static Span<int> LeakConversion()
    {
        return NativeBuffer.Create<int>(3); // error CS8156, error CS8347
    }

    static ref int LeakElement()
    {
        return ref NativeBuffer.Create<int>(3)[0]; // error CS8156
    }
}
