static class Sample
{
    static int Sum(ReadOnlySpan<int> numbers)
    {
        int sum = 0;
        foreach (int number in numbers)
        {
            sum += number;
        }

        return sum;
    }

    static int Run(string line)
    {
        using var arena = NativeArena.Create();
        Span<int> numbers = arena.Allocate<int>(3);
        foreach (ref int number in numbers)
        {
            number = 7;
        }

        foreach (ref int number in arena.AllocateUninitialized<int>(3))
        {
            number = 8;
        }

        ReadOnlySpan<char> text = arena.CopyFrom<char>(line);
        ref long one = ref arena.New(1L);
        one++;
        return Sum(numbers) + Sum(arena.Allocate<int>(4)) + text.Length + (int)one;
    }
}
