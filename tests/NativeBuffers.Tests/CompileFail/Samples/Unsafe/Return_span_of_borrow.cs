static class Sample
{
    static unsafe Span<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow.Span; // warning CS9091
    }

    static unsafe ref int LeakElement(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return ref borrow[0]; // warning CS9091
    }

    static unsafe int LeakToOuterVariable(NativeMemoryOwner<int> owner)
    {
        Span<int> outer = default;
        using (var borrow = owner.Borrow())
        {
            outer = borrow.AsSpan(0, 1); // warning CS9091
        }

        return outer[0];
    }
}
