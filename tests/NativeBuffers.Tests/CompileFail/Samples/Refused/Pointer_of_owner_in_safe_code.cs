static class Sample
{
    static void Leak(NativeMemoryOwner<int> owner)
    {
        _ = owner.Release(); // error CS0214
    }

    static NativeMemoryOwner<int> LeakAdopted()
    {
        return NativeMemoryOwner<int>.Adopt(null, 3, NativeAllocator.Malloc); // error CS0214
    }
}
