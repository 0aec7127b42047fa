static class Sample
{
    static async Task<int> Run()
    {
        using var owner = NativeMemoryOwner<int>.Create(3);
        await Task.Yield();
        using (var borrow = owner.Borrow())
        {
            borrow.Span.Fill(3);
        }

        await Task.Yield();
        {
            using var borrow = owner.Borrow();
            Span<int> all = borrow.Span;
            ref int first = ref borrow[0];
            first = all.Length;
        }

        return await Task.Run(
            () =>
            {
                using var borrow = owner.Borrow();
                return borrow[0];
            });
    }

    static async Task<int> WithoutAwaitAfter(NativeMemoryOwner<int> owner)
    {
        await Task.Yield();
        using var borrow = owner.Borrow();
        return borrow[0];
    }
}
