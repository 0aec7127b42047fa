static class Sample
{
    static async Task<int> Run(MappedFile<int> file)
    {
        using ReadOnlyBorrow<int> borrow = file.BorrowReadOnly(); // error CS4007
        await Task.Yield();
        return borrow[0]; // error CS4007
    }
}
