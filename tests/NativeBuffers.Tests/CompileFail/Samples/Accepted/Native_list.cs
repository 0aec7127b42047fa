static class Sample
{
    static NativeList<int>? s_list;

    static int Run()
    {
        using var list = new NativeList<int> { 2, 3, 5 };
        using NativeList<int> other = [1, 2, .. list];
        list.AddRange([7, 11]);
        list.AddRange(new List<int> { 13 });
        list.AddRange(other.AsSpan());
        list.InsertRange(0, [1]);
        list[0]++;
        list[^1] += 2;
        foreach (ref int p in list.AsSpan())
        {
            p *= p;
        }

        int sum = 0;
        foreach (int p in list)
        {
            sum += p;
        }

        using (Borrow<int> borrow = list.Borrow())
        {
            sum += borrow[0] + borrow.Span[^1];
        }

        using NativeMemoryOwner<int> owner = list.ToOwner();
        s_list = new NativeList<int>(100, NativeAllocator.Pages);
        return sum;
    }

    static async Task<int> AcrossAwaits(NativeList<int> list)
    {
        await Task.Yield();
        list.Add(1);
        await Task.Yield();
        return list[0];
    }
}
