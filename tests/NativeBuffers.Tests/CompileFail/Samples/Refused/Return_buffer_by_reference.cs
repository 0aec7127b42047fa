static class Sample
{
    static ref NativeBuffer<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer; // error CS1657
    }

    static ref NativeBuffer<int> LeakWithoutUsing()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(3);
        return ref buffer; // error CS8168
    }
}
