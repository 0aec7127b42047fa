static class Sample
{
    // The memory is kept until the thread has ended.
    static int Run(NativeMemoryOwner<int> owner) => owner.Borrow()[0];

    static int RunSpan(NativeMemoryOwner<int> owner)
    {
        Span<int> span = owner.Borrow().Span;
        return span[0];
    }

    static void RunAlone(NativeMemoryOwner<int> owner)
    {
        owner.Borrow();
    }
}
