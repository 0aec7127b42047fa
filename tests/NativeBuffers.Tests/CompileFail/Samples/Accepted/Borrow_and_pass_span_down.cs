static class Sample
{
    static int Sum(ReadOnlySpan<int> elements)
    {
        int sum = 0;
        foreach (int element in elements)
        {
            sum += element;
        }

        return sum;
    }

    static int First(in Borrow<int> borrow) => borrow[0];

    static int FirstOfCopy(Borrow<int> borrow) => borrow[0];

    static Span<int> All([UnscopedRef] in Borrow<int> borrow) => borrow.Span;

    static int Run(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        borrow.Span.Fill(3);
        foreach (ref int element in borrow.Span)
        {
            element++;
        }

        for (long i = 0; i < borrow.Length; i++)
        {
            borrow[i]++;
        }

        return Sum(borrow.Span) + Sum(borrow) + Sum(borrow.AsSpan(1, 2)) + Sum(All(borrow)) + First(borrow) + FirstOfCopy(borrow);
    }
}
