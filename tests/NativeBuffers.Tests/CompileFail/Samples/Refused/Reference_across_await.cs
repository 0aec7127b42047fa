static class Sample
{
    static async Task<int> Leak()
    {
        ref int first = ref NativeBuffer.Create<int>(3)[0];
        await Task.Yield();
        return first; // error CS9217
    }
}
