static class Sample
{
    static void Write(MappedFile<int> file)
    {
        using ReadOnlyBorrow<int> borrow = file.BorrowReadOnly();
        borrow[0] = 1; // error CS8331
        borrow[0L]++; // error CS8331
        borrow.Span[0] = 1; // error CS8331
        borrow.AsSpan(0, 1)[0] = 1; // error CS8331
        ref int element = ref borrow[0]; // error CS8329
        borrow.Span.Fill(1); // error CS1061
        Span<int> all = borrow; // error CS0029
    }
}
