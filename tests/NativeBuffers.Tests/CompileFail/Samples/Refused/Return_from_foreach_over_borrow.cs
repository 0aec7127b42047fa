static class Sample
{
    static ref int Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        foreach (ref int element in borrow.Span)
        {
            return ref element; // error CS8157
        }

        throw new InvalidOperationException();
    }

    static ref int LeakEnumerator(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        var elements = borrow.Span.GetEnumerator();
        elements.MoveNext();
        return ref elements.Current; // error CS8352
    }

    static ref int LeakOfBorrowItself(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        foreach (ref int element in borrow) // error CS1579
        {
            return ref element;
        }

        throw new InvalidOperationException();
    }
}
