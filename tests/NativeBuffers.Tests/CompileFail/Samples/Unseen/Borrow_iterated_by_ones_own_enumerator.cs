static class Sample
{
    // As with a buffer: the compiler scopes the iteration variable by the type of the borrow, and not by its place.
    static Span<int>.Enumerator GetEnumerator(this in Borrow<int> borrow) => borrow.Span.GetEnumerator();

    static ref int Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        foreach (ref int element in borrow)
        {
            return ref element; // NB0004
        }

        throw new InvalidOperationException();
    }
}
