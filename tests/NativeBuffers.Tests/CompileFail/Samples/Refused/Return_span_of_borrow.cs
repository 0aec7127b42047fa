static class Sample
{
    static Span<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow.Span; // error CS8168
    }

    static Span<int> LeakTemporary(NativeMemoryOwner<int> owner)
    {
        return owner.Borrow().Span; // error CS8156
    }

    static Span<int> LeakPooled(PooledBuffer<int> buffer)
    {
        using Borrow<int> borrow = buffer.Borrow();
        return borrow.Span; // error CS8168
    }

    static Span<int> LeakVariable(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        Span<int> all = borrow.Span;
        return all; // error CS8352
    }

    static Span<int> LeakOfParameter(Borrow<int> borrow)
    {
        return borrow.Span; // error CS8166
    }

    static ReadOnlySpan<int> LeakToRead(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        ReadOnlySpan<int> all = borrow.Span;
        return all; // error CS8352
    }

    static Span<int> LeakConditionally(NativeMemoryOwner<int> owner, bool own)
    {
        using var borrow = owner.Borrow();
        return own ? borrow.Span : default; // error CS8168
    }
}
