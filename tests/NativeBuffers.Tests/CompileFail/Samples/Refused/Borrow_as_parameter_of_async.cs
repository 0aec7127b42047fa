static class Sample
{
    static async Task<int> Leak(Borrow<int> borrow) // error CS4012
    {
        await Task.Yield();
        return 0;
    }
}
