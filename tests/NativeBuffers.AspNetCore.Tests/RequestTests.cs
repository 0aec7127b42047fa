using System.Globalization;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Requests of all kinds to a real server: each byte is compared.</summary>
public class RequestTests
{
    /// <summary>The number of mixed requests; 100000 for a long run.</summary>
    private const string CountVariable = "NATIVEBUFFERS_SERVER_REQUESTS";

    public static TheoryData<int> Versions => [1, 2];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Bytes_of_all_sizes_arrive_unchanged(int version)
    {
        await using Server server = await Server.StartAsync();
        using var client = new Client(server, new Version(version, version == 1 ? 1 : 0));
        foreach (long count in new long[] { 1, 10, 4000, 4095, 4096, 4097, 8192, 65_536, 1_000_000, 100_000_000 })
        {
            await client.DownloadAsync(count);
            await client.UploadAsync(count);
            await client.EchoAsync(long.Min(count, 100_000));
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Bytes_arrive_unchanged_over_TLS(int version)
    {
        await using Server server = await Server.StartAsync();
        using var client = new Client(server, new Version(version, version == 1 ? 1 : 0), isSecure: true);
        foreach (long count in new long[] { 1, 4096, 65_536, 3_000_000 })
        {
            await client.DownloadAsync(count);
            await client.UploadAsync(count);
            await client.EchoAsync(long.Min(count, 100_000));
        }
    }

    [Fact]
    public async Task Messages_of_WebSockets_come_back_unchanged()
    {
        await using Server server = await Server.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Sockets.SendAsync(server.Http1, 1, 100, 4096, 5000, 16_000, 3)));
    }

    [Fact]
    public async Task Mixed_requests_are_all_answered_and_nothing_is_left()
    {
        int requests = int.TryParse(Environment.GetEnvironmentVariable(CountVariable), CultureInfo.InvariantCulture, out int count) ? count : 1500;
        int done = 0;
        await using (Server server = await Server.StartAsync())
        {
            using var http1 = new Client(server, new Version(1, 1));
            using var http2 = new Client(server, new Version(2, 0));
            await Parallel.ForEachAsync(
                Enumerable.Range(0, requests),
                new ParallelOptions { MaxDegreeOfParallelism = 32 },
                async (i, _) =>
                {
                    var random = new Random(i);
                    Client client = i % 3 == 0 ? http2 : http1;
                    await (random.Next(16) switch
                    {
                        0 => Sockets.SendAsync(server.Http1, random.Next(1, 16_000), random.Next(1, 16_000)),
                        1 => Client.AbortAsync(server, random),
                        < 5 => client.UploadAsync(random.Next(1, 200_000)),
                        < 8 => client.EchoAsync(random.Next(1, 100_000)),
                        8 => client.DownloadAsync(random.Next(1, 3_000_000)),
                        _ => client.DownloadAsync(random.Next(1, 20_000)),
                    });
                    Interlocked.Increment(ref done);
                });
            Assert.Equal(0, server.Memory.RefusedRequestCount);
        }

        Assert.Equal(requests, done);
    }
}
