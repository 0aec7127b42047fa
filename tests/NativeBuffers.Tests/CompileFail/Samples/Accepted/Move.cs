static class Sample
{
    static NativeBuffer<int> Build(bool fail)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        if (fail)
        {
            throw new InvalidOperationException();
        }

        return buffer.Move();
    }

    static NativeBuffer<int> Rebuild(ref NativeBuffer<int> buffer) => buffer.Move();
}
