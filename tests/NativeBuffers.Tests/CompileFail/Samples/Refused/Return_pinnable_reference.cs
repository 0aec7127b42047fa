static class Sample
{
    static ref int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref buffer.GetPinnableReference(); // error CS8168
    }
}
