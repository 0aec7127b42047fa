static class Sample
{
    static async Task<int> Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3); // error CS4007
        await Task.Yield();
        return buffer[0]; // error CS4007
    }
}
