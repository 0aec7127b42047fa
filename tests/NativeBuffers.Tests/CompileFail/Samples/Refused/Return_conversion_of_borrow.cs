static class Sample
{
    static Span<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow; // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakToRead(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow; // error CS8168, error CS8347
    }

    static ReadOnlySpan<int> LeakByTwoCasts(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return (ReadOnlySpan<int>)(Span<int>)borrow; // error CS8168, error CS8347
    }

    static Span<int> LeakVariable(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        Span<int> all = borrow;
        return all; // error CS8352
    }
}
