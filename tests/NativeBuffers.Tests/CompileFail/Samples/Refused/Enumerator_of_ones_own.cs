static class Sample
{
    // The buffer's own enumerator comes first, and gives values.
    static Span<int>.Enumerator GetEnumerator(this in NativeBuffer<int> buffer) => buffer.AsSpan().GetEnumerator();

    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer) // error CS1510
        {
            return ref element;
        }

        throw new InvalidOperationException();
    }
}
