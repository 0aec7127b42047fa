static class Sample
{
    static ref int Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow[0]; // error CS8168
    }

    static ref int LeakByLongIndex(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow[5_000_000_000]; // error CS8168
    }

    static ref int LeakLast(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow[^1]; // error CS8168
    }

    static ref readonly int LeakToRead(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow[0]; // error CS8168
    }

    static ref int LeakOfSpan(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow.Span[0]; // error CS8168
    }

    static ref int LeakVariable(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        ref int first = ref borrow[0];
        return ref first; // error CS8157
    }

    static ref int LeakOfTemporary(NativeMemoryOwner<int> owner)
    {
        return ref owner.Borrow()[0]; // error CS8156
    }
}
