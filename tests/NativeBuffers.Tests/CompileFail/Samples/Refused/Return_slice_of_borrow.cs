static class Sample
{
    static Span<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow.AsSpan(1, 2); // error CS8168
    }

    static Span<int> LeakPartOfSpan(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow.Span[1..]; // error CS8168
    }

    static Span<int> LeakVariable(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        Span<int> part = borrow.AsSpan(1, 2);
        return part.Slice(1); // error CS8352
    }

    static Span<byte> LeakViewOfOtherType(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return MemoryMarshal.AsBytes(borrow.Span); // error CS8168, error CS8347
    }
}
