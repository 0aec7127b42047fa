static class Sample
{
    static Span<int> Leak(NativeRegion region)
    {
        using var borrow = region.Borrow<int>(0, 10);
        return borrow.Span; // error CS8168
    }

    static ReadOnlySpan<int> LeakToRead(NativeRegion region)
    {
        using ReadOnlyBorrow<int> borrow = region.BorrowReadOnly<int>(0, 10);
        ReadOnlySpan<int> all = borrow.Span;
        return all; // error CS8352
    }

    static Span<int> LeakTemporary(NativeRegion region)
    {
        return region.Borrow<int>(0, 10).Span; // error CS8156
    }

    static ref int LeakElement(NativeRegion region)
    {
        using var borrow = region.Borrow<int>(0, 10);
        return ref borrow[3L]; // error CS8168
    }

    static Span<int> LeakOfBuffer(StableBuffer<int> buffer)
    {
        using var borrow = buffer.Borrow();
        return borrow.AsSpan(0, 1); // error CS8168
    }

    static void LeakToOuter(StableBuffer<int> buffer)
    {
        Span<int> outer = default;
        using (var borrow = buffer.Borrow())
        {
            outer = borrow.Span; // error CS8168
        }

        outer[0] = 1;
    }

    static void WriteToRead(NativeRegion region)
    {
        using var borrow = region.BorrowReadOnly<int>(0, 10);
        borrow[0] = 1; // error CS8331
        borrow.Span[0] = 1; // error CS8331
    }
}
