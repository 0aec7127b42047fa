static class Sample
{
    static int Run()
    {
        using var outer = NativeBuffer.Create<int>(3);
        Span<int> kept = outer;
        for (int i = 0; i < 3; i++)
        {
            using var inner = NativeBuffer.Create<int>(3);
            inner.CopyTo(kept);
            inner.CopyTo(outer);
            outer.CopyTo(inner);
            _ = outer.Overlaps(inner);
        }

        return kept[0];
    }
}
