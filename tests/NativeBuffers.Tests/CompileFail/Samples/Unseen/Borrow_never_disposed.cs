static class Sample
{
    // The memory is kept until the thread has ended.
    static int Run(NativeMemoryOwner<int> owner) => owner.Borrow()[0]; // NB0001

    static int RunSpan(NativeMemoryOwner<int> owner)
    {
        Span<int> span = owner.Borrow().Span; // NB0001
        return span[0];
    }

    static void RunAlone(NativeMemoryOwner<int> owner)
    {
        owner.Borrow(); // NB0001
    }
}
