static class Sample
{
    sealed class Session : IDisposable
    {
        private readonly PooledBuffer<byte> _buffer = NativeMemoryPool<byte>.Shared.RentBuffer(4096);

        public async Task<int> ReadAsync(System.IO.Stream stream)
        {
            int count = await stream.ReadAsync(_buffer.Memory);
            return Sum(_buffer.AsSpan(0, count));
        }

        public void Dispose() => _buffer.Dispose();

        private static int Sum(ReadOnlySpan<byte> bytes) => bytes.Length;
    }

    record struct Message(PooledBuffer<byte> Body, int Kind);

    static async Task<byte> Run(Queue<Message> messages)
    {
        using PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(10);
        await Task.Yield();
        messages.Enqueue(new Message(buffer, 3));
        Func<byte> first = () => buffer.AsSpan()[0];
        PooledBuffer<byte>[] all = [buffer, default];
        return await Task.Run(() => (byte)(first() + all[0].Borrow()[^1]));
    }
}
