static class Sample
{
    static int[] Copy()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return [.. buffer];
    }
}
