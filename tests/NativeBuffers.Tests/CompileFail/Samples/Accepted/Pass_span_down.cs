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

    static void Fill(Span<int> elements) => elements.Fill(3);

    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        Fill(buffer.AsSpan());
        Fill(buffer);
        return Sum(buffer.AsSpan()) + Sum(buffer) + Sum(buffer.AsSpan(1)) + Sum(buffer.AsSpan(1, 2)) + Sum(buffer.AsSpan(..^1));
    }
}
