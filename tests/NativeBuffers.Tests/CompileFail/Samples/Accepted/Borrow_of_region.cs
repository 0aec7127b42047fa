static class Sample
{
    static int Run(NativeRegion region, StableBuffer<int> buffer)
    {
        region.Commit(0, region.PageByteCount);
        using var borrow = region.Borrow<int>(start: 0, length: 10);
        using ReadOnlyBorrow<int> same = region.BorrowReadOnly<int>(0, 10);
        borrow[0] = 1;
        Fill(borrow.Span);
        buffer.Resize(20);
        using (var elements = buffer.Borrow())
        {
            buffer.Resize(30);
            elements.Span.CopyTo(borrow.Span.Slice(0, 0));
            same.Span.CopyTo(elements);
        }

        ref readonly int last = ref same[^1];
        return last;
    }

    static void Fill(Span<int> span) => span.Fill(3);
}
