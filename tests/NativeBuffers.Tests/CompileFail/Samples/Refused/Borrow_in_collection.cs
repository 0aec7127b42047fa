static class Sample
{
    static Borrow<int>[] LeakToArray() => []; // error CS0611

    static List<Borrow<int>> LeakToList() => []; // error CS9244

    static Task<Borrow<int>>? LeakToTask() => null; // error CS9244

    static int LeakToTuple(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        (Borrow<int> Borrow, int Count) pair = (borrow, 3); // error CS9244
        return pair.Count;
    }

    static Borrow<int>? LeakToNullable() => null; // error CS9244
}
