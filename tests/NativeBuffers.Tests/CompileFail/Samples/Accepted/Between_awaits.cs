static class Sample
{
    static async Task<int> Run()
    {
        await Task.Yield();
        int sum;
        using (var buffer = NativeBuffer.Create<int>(3))
        {
            Span<int> all = buffer;
            all.Fill(2);
            sum = buffer[0] + all[1];
        }

        await Task.Yield();
        return sum;
    }
}
