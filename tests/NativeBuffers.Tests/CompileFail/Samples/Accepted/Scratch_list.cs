static class Sample
{
    static int Digits(int number)
    {
        using var digits = new ScratchList<int>(stackalloc int[4]);
        for (int rest = number; rest > 0; rest /= 10)
        {
            digits.Add(rest % 10);
        }

        digits.AddRange(digits.AsSpan());
        digits.AddRange([1, 2]);
        digits.AddRange(stackalloc int[3]);
        ref int first = ref digits[0];
        first++;
        int sum = 0;
        foreach (ref int digit in digits.AsSpan())
        {
            sum += digit;
        }

        return sum + digits.RemoveLast();
    }

    static ScratchList<int> Make()
    {
        ScratchList<int> list = default;
        list.Add(1);
        return list;
    }

    static void Fill(ref ScratchList<int> list) => list.Add(1);

    static void Pass()
    {
        var list = new ScratchList<int>(stackalloc int[4]);
        try
        {
            Fill(ref list);
        }
        finally
        {
            list.Dispose();
        }
    }

    static async Task<int> BetweenAwaits()
    {
        await Task.Yield();
        int count;
        {
            using var list = new ScratchList<int>(stackalloc int[4]);
            list.Add(1);
            count = list.Count;
        }

        await Task.Yield();
        return count;
    }
}
