static class Sample
{
    static int Leak(NativeMemoryOwner<int> owner)
    {
        Span<int> outer = default;
        using (var borrow = owner.Borrow())
        {
            outer = borrow.Span; // error CS8168
        }

        return outer[0];
    }

    static int LeakConversion(NativeMemoryOwner<int> owner)
    {
        ReadOnlySpan<int> outer = default;
        using (var borrow = owner.Borrow())
        {
            outer = borrow; // error CS8168, error CS8347
        }

        return outer[0];
    }

    static int LeakReference(NativeMemoryOwner<int> owner, int[] array)
    {
        ref int outer = ref array[0];
        using (var borrow = owner.Borrow())
        {
            outer = ref borrow[0]; // error CS8374
        }

        return outer;
    }

    static void LeakToOutParameter(NativeMemoryOwner<int> owner, out Span<int> outer)
    {
        using var borrow = owner.Borrow();
        outer = borrow.Span; // error CS8168
    }

    static void LeakToRefParameter(NativeMemoryOwner<int> owner, ref Span<int> outer)
    {
        using var borrow = owner.Borrow();
        outer = borrow.AsSpan(0, 1); // error CS8168
    }

    static int LeakToVariableOfOuterBorrow(NativeMemoryOwner<int> first, NativeMemoryOwner<int> second)
    {
        using var outer = first.Borrow();
        Span<int> kept = outer.Span;
        {
            using var inner = second.Borrow();
            kept = inner.Span; // error CS8352
        }

        return kept[0];
    }
}
