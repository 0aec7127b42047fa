static class Sample
{
    static async Task<int> Leak(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow(); // error CS4007
        await Task.Yield();
        return borrow[0]; // error CS4007
    }

    static async Task LeakOnlyDispose(NativeMemoryOwner<int> owner)
    {
        using Borrow<int> borrow = owner.Borrow(); // error CS4007
        await Task.Yield();
    }

    static async Task<int> LeakSpan(NativeMemoryOwner<int> owner)
    {
        Borrow<int> borrow = owner.Borrow();
        Span<int> span = borrow.Span;
        borrow.Dispose();
        await Task.Yield();
        return span[0]; // error CS4007
    }

    static async Task<int> LeakReference(NativeMemoryOwner<int> owner)
    {
        Borrow<int> borrow = owner.Borrow();
        ref int first = ref borrow[0];
        await Task.Yield();
        return first; // error CS9217
    }
}
