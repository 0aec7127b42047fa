static class Sample
{
    // The compiler scopes the iteration variable by the type of the buffer, and not by its place.
    static Span<int>.Enumerator GetEnumerator(this in NativeBuffer<int> buffer) => buffer.AsSpan().GetEnumerator();

    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer)
        {
            return ref element; // NB0004
        }

        throw new InvalidOperationException();
    }
}
