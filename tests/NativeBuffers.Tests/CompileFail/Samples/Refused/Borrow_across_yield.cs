static class Sample
{
    static IEnumerable<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow(); // error CS4007
        yield return borrow[0];
        yield return borrow[1]; // error CS4007
    }

    static IEnumerable<int> LeakSpan(NativeMemoryOwner<int> owner)
    {
        Span<int> span = owner.Borrow().Span;
        yield return 1;
        yield return span[0]; // error CS4007
    }
}
