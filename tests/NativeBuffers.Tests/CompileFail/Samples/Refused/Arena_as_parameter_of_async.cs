static class Sample
{
    static async Task LeakParameter(NativeArena arena) // error CS4012
    {
        await Task.Yield();
    }
}
