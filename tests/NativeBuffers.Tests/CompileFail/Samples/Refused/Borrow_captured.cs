static class Sample
{
    static Func<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return () => borrow[0]; // error CS8175
    }

    static Task<int> LeakToThread(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return Task.Run(() => borrow[0]); // error CS8175
    }

    static int LeakToLocalFunction(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return First();

        int First() => borrow[0]; // error CS8175
    }

    static Func<int> LeakParameter(Borrow<int> borrow)
    {
        return () => borrow[0]; // error CS9108
    }

    static Func<int> LeakSpan(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        Span<int> span = borrow.Span;
        return () => span[0]; // error CS8175
    }
}
