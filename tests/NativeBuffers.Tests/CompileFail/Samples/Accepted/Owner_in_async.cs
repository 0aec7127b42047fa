static class Sample
{
    sealed class Downloader : IDisposable
    {
        private readonly NativeMemoryOwner<byte> _page = NativeMemoryOwner<byte>.CreateUninitialized(4096);

        public async Task<int> ReadAsync(System.IO.Stream stream)
        {
            int count = await stream.ReadAsync(_page.Memory);
            count += await stream.ReadAsync(_page.Slice(count, 100));
            await stream.WriteAsync(_page.Memory[..count]);
            return count;
        }

        public void Dispose() => _page.Dispose();
    }

    static async Task<int> Run(System.IO.Stream stream)
    {
        using var owner = NativeMemoryOwner<byte>.Create(10);
        NativeMemoryOwner<byte>[] owners = [owner];
        return await stream.ReadAsync(owners[0].Memory);
    }

    static IEnumerable<int> Elements(NativeMemoryOwner<int> owner)
    {
        for (long i = 0; i < owner.Length; i++)
        {
            int element;
            using (var borrow = owner.Borrow())
            {
                element = borrow[i];
            }

            yield return element;
        }
    }
}
