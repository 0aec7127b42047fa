static class Sample
{
    static object Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        return borrow; // error CS0029
    }

    static IDisposable LeakToInterface(NativeMemoryOwner<int> owner)
    {
        return owner.Borrow(); // error CS0029
    }

    static void LeakToDynamic(NativeMemoryOwner<int> owner)
    {
        dynamic anything = owner.Borrow(); // error CS0029
        anything.Dispose();
    }
}
