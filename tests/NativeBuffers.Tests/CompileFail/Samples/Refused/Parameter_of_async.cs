static class Sample
{
    static async Task<int> Leak(NativeBuffer<int> buffer) // error CS4012
    {
        await Task.Yield();
        return buffer[0];
    }
}
