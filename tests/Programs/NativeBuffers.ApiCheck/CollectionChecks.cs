namespace NativeBuffers.ApiCheck;

/// <summary>Lists and arenas.</summary>
internal static class CollectionChecks
{
    public static (string Name, Action Run)[] All =>
    [
        ("a list grows, sorts, finds and removes", List),
        ("a borrowed list does not grow", BorrowedList),
        ("a list on the stack moves to native memory", ScratchList),
        ("an arena and its scopes", Arena),
        ("an arena for fields", ArenaOwner),
        ("many threads add to lists of their own", Lists),
    ];

    private static void List()
    {
        using var list = new NativeList<int>();
        for (int i = 0; i < 100_000; i++)
        {
            list.Add(i ^ 1);
        }

        list.Sort();
        Check.That(list.Count == 100_000 && list[500] == 500 && list.BinarySearch(700) == 700);
        list.RemoveAt(0);
        list.Insert(0, -1);
        Check.That(list.IndexOf(-1) == 0 && list.Contains(99_999));
        using NativeMemoryOwner<int> owner = list.ToOwner();
        Check.That(owner.Length == 100_000);
    }

    private static void BorrowedList()
    {
        using var list = new NativeList<int> { 1, 2, 3 };
        using Borrow<int> borrow = list.Borrow();
        Check.Throws<InvalidOperationException>(() => list.Resize(1_000_000));
        Check.That(borrow.Span.SequenceEqual([1, 2, 3]));
    }

    private static void ScratchList()
    {
        using var list = new ScratchList<int>(stackalloc int[4]);
        list.AddRange([1, 2, 3, 4]);
        Check.That(list.IsOnStack);
        list.Add(5);
        Check.That(!list.IsOnStack && list.AsSpan().SequenceEqual([1, 2, 3, 4, 5]));
    }

    private static void Arena()
    {
        using var arena = NativeArena.Create();
        Span<int> first = arena.Allocate<int>(100);
        long before = arena.AllocatedBytes;
        for (int i = 0; i < 1000; i++)
        {
            using ArenaScope scope = arena.BeginScope();
            Span<double> numbers = scope.Allocate<double>(1000);
            Check.That(!numbers.ContainsAnyExcept(0.0));
            numbers.Fill(1);
        }

        Check.That(first.Length == 100 && !first.ContainsAnyExcept(0) && arena.AllocatedBytes == before);
    }

    private static void ArenaOwner()
    {
        using var arena = NativeArenaOwner.Create();
        ArenaSlice<int> slice;
        using (ArenaBorrow borrow = arena.Borrow())
        {
            slice = borrow.AllocateSlice<int>(10);
            borrow.AsSpan(slice).Fill(7);
        }

        using (ArenaBorrow borrow = arena.Borrow())
        {
            Check.That(borrow.AsSpan(slice)[9] == 7);
        }

        arena.Reset();
        using ArenaBorrow after = arena.Borrow();
        bool isRefused = false;
        try
        {
            _ = after.AsSpan(slice);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or ObjectDisposedException)
        {
            isRefused = true;
        }

        Check.That(isRefused);
    }

    private static void Lists() =>
        Parallel.For(0, 4, static worker =>
        {
            using var list = new NativeList<int>();
            for (int i = 0; i < 20_000; i++)
            {
                list.Add(worker);
            }

            Check.That(list.Count == 20_000 && !list.AsSpan().ContainsAnyExcept(worker));
        });
}
