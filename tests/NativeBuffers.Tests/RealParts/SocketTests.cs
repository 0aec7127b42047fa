using System.Net.Sockets;
using System.Security.Cryptography;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Sockets that send from and receive into native memory.</summary>
[CorrectProgram]
[Slow]
public sealed class SocketTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_than_100_MiB_go_from_an_owner_into_buffers_of_the_shared_pool()
    {
        using Loopback connection = await Loopback.ConnectAsync();
        Task<string> receiving = ReceiveAllAsync(connection.Receiver, NativeMemoryPool<byte>.Shared);
        await SendAllAsync(connection.Sender);
        Assert.Equal(Payload.Hash, await receiving.WaitAsync(TimeSpan.FromMinutes(2), Stop));
    }

    [Fact]
    public async Task More_than_100_MiB_go_from_an_owner_into_buffers_of_a_pool_of_ones_own()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        using Loopback connection = await Loopback.ConnectAsync();
        Task<string> receiving = ReceiveAllAsync(connection.Receiver, pool);
        await SendAllAsync(connection.Sender);
        Assert.Equal(Payload.Hash, await receiving.WaitAsync(TimeSpan.FromMinutes(2), Stop));
        Assert.True(allocator.MostBytes > 0);
        pool.Trim();
        Assert.True(SpinWait.SpinUntil(() => allocator.LiveBlocks == 0, TimeSpan.FromMinutes(2)));
    }

    private static async Task SendAllAsync(Socket socket)
    {
        using var owner = NativeMemoryOwner<byte>.CreateUninitialized(Payload.Length);
        Payload.Write(owner.GetSpan(), 0);
        for (int position = 0; position < Payload.Length;)
        {
            position += await socket.SendAsync(owner.Slice(position, int.Min(700_000, Payload.Length - position)));
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Another buffer for each receive, of another length, returned on whichever thread goes on.</summary>
    private static async Task<string> ReceiveAllAsync(Socket socket, NativeMemoryPool<byte> pool)
    {
        var random = new Random(1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (true)
        {
            using PooledBuffer<byte> buffer = pool.RentBuffer(random.Next(1, 400_000));
            int count = await socket.ReceiveAsync(buffer.Memory);
            if (count == 0)
            {
                return Convert.ToHexString(hash.GetHashAndReset());
            }

            hash.AppendData(buffer.AsSpan(0, count));
        }
    }
}
