static class Sample
{
    static Span<int> All([UnscopedRef] in Borrow<int> borrow) => borrow.Span;

    static ref int First(in Borrow<int> borrow) => ref borrow[0];

    static Span<int> Same(Span<int> span) => span;

    static T Generic<T>(T value) => value;

    static Span<int> LeakThroughIn(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return All(borrow); // error CS8168, error CS8347
    }

    static ref int LeakThroughReference(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref First(borrow); // error CS8168, error CS8347
    }

    static Span<int> LeakThroughSpan(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return Same(borrow.Span); // error CS8168, error CS8347
    }

    static long LeakThroughGeneric(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return Generic(borrow).Length; // error CS9244
    }
}
