static class Sample
{
    static ReadOnlySpan<int> Read(MappedFile<int> file)
    {
        using ReadOnlyBorrow<int> borrow = file.BorrowReadOnly();
        return borrow.Span; // error CS8168
    }

    static Span<int> Write(MappedFile<int> file)
    {
        using Borrow<int> borrow = file.Borrow();
        return borrow.Span; // error CS8168
    }

    static Span<int> Share(SharedMemory<int> shared)
    {
        using Borrow<int> borrow = shared.Borrow();
        return borrow.AsSpan(0, 1); // error CS8168
    }

    static ref readonly int First(MappedFile<int> file)
    {
        using ReadOnlyBorrow<int> borrow = file.BorrowReadOnly();
        return ref borrow[0]; // error CS8168
    }
}
