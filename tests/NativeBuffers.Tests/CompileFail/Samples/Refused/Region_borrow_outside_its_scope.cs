class Sample
{
    private Borrow<int> _borrow; // error CS8345

    static Action Captured(StableBuffer<int> buffer)
    {
        using var borrow = buffer.Borrow();
        return () => borrow[0] = 1; // error CS8175
    }
}
