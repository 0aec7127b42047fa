static class Sample
{
    // The memory is kept for ever.
    static void Run(NativeMemoryOwner<int> owner)
    {
        _ = owner.Retain(); // NB0001
    }

    static void RunPin(NativeMemoryOwner<int> owner)
    {
        _ = owner.Pin(); // NB0001
    }
}
