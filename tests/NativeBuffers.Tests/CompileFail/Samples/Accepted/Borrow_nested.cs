static class Sample
{
    static int Run(NativeMemoryOwner<int> owner, NativeMemoryOwner<int> other)
    {
        using var outer = owner.Borrow();
        Span<int> kept = outer.Span;
        for (int i = 0; i < 3; i++)
        {
            using var again = owner.Borrow();
            using Borrow<int> inner = other.Borrow();
            inner.Span.CopyTo(kept);
            kept = again.Length > 1 ? kept[1..] : kept;
            outer[i] = inner[^1];
        }

        using (owner.Borrow())
        using (other.Borrow())
        {
            return kept[0];
        }
    }
}
