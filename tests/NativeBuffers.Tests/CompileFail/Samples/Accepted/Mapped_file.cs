static class Sample
{
    static int Sum(ReadOnlySpan<int> elements) => elements.Length;

    static int Run(MappedFile<int> file, SharedMemory<int> shared)
    {
        using ReadOnlyBorrow<int> reader = file.BorrowReadOnly();
        foreach (ref readonly int element in reader.Span)
        {
            _ = element;
        }

        using Borrow<int> writer = file.Borrow();
        writer.Span.Fill(3);
        using Borrow<int> other = shared.Borrow();
        other[0] = reader[^1];
        return Sum(reader) + Sum(reader.Span) + Sum(writer) + reader[0L];
    }

    static async Task<int> Between(MappedFile<int> file)
    {
        int first = First(file);
        await Task.Yield();
        return first + First(file);
    }

    static int First(MappedFile<int> file)
    {
        using var borrow = file.BorrowReadOnly();
        return borrow[0];
    }
}
