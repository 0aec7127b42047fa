static class Sample
{
    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer.AsSpan())
        {
            return ref element; // error CS8157
        }

        throw new InvalidOperationException();
    }
}
