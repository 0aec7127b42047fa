static class Sample
{
    // The span does not know that the borrow has ended, nor that a copy of the borrow has.
    static int Run(NativeMemoryOwner<int> owner)
    {
        Borrow<int> borrow = owner.Borrow();
        Span<int> span = borrow.Span;
        borrow.Dispose();
        return span[0]; // NB0004
    }

    static int RunCopy(NativeMemoryOwner<int> owner)
    {
        using Borrow<int> borrow = owner.Borrow();
        Borrow<int> copy = borrow;
        copy.Dispose();
        return borrow[0]; // NB0002
    }

    static int RunDefault()
    {
        Borrow<int> borrow = default;
        return borrow[0];
    }
}
