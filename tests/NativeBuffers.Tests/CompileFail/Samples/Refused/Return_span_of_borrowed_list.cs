static class Sample
{
    static Span<int> Leak(NativeList<int> list)
    {
        using var borrow = list.Borrow();
        return borrow.Span; // error CS8168
    }

    static Span<int> LeakTemporary(NativeList<int> list)
    {
        return list.Borrow().Span; // error CS8156
    }

    static ref int LeakElement(NativeList<int> list)
    {
        using var borrow = list.Borrow();
        return ref borrow[0]; // error CS8168
    }

    static void LeakElementByIndex(NativeList<int> list)
    {
        ref int first = ref list[0]; // error CS0206
        list[0].CompareTo(first);
    }
}
