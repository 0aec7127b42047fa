static class Sample
{
    static void Add(Span<int> to, ReadOnlySpan<int> what)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] += what[i];
        }
    }

    static bool Run()
    {
        using var left = NativeBuffer.Create<int>(3);
        using var right = NativeBuffer.Create<int>(3);
        Add(left, right);
        left.CopyTo(right);
        left.AsSpan().CopyTo(right);
        return left.Overlaps(right) || left.AsSpan().SequenceEqual(right);
    }
}
