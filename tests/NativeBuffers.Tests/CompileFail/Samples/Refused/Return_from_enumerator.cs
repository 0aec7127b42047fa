static class Sample
{
    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        var elements = buffer.AsSpan().GetEnumerator();
        elements.MoveNext();
        return ref elements.Current; // error CS8352
    }
}
