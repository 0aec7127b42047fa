using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The connections that a server accepts, and the memory of each.</summary>
public class ConnectionTests
{
    [Fact]
    public async Task An_endpoint_without_clients_takes_no_place_from_another_one()
    {
        // There is one place, and there are three endpoints.
        await using Server server = await Server.StartAsync(static options => (options.LimitBytes, options.ConnectionBytes) = (1 << 20, 512 * 1024));
        foreach (Version version in new[] { new Version(1, 1), new Version(2, 0), new Version(1, 1) })
        {
            using var client = new Client(server, version);
            await client.DownloadAsync(10).WaitAsync(TimeSpan.FromSeconds(60));
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_client_whose_bytes_are_not_read_fills_no_more_than_its_room(int version, bool isSecure)
    {
        const int Room = 64 * 1024;
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Server server = await Server.StartAsync(
            static options => options.ConnectionBytes = Room,
            use: app => app.MapPost("/held", async context =>
            {
                await read.Task;
                await context.Response.WriteAsync(await Payload.CheckAsync(context.Request.Body));
            }));
        using var client = new Client(server, new Version(version, version == 1 ? 1 : 0), isSecure);
        Task<HttpResponseMessage> upload = client.PostAsync("/held", 10_000_000);
        long most = 0;
        Assert.True(SpinWait.SpinUntil(() => server.Memory.RentedBytes >= 4096, TimeSpan.FromMinutes(1)), "The upload does not begin.");
        for (int i = 0; i < 40; i++)
        {
            most = long.Max(most, server.Memory.RentedBytes);
            await Task.Delay(5);
        }

        read.SetResult();
        using HttpResponseMessage response = await upload;
        Assert.Equal("10000000", await response.Content.ReadAsStringAsync());
        Assert.InRange(most, 4096, Room + (8 * 1024));
    }

    [Fact]
    public async Task A_client_that_sends_no_more_keeps_its_place_until_its_request_ends()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // There is one place.
        await using Server server = await Server.StartAsync(
            static options => (options.LimitBytes, options.ConnectionBytes) = (1 << 20, 512 * 1024),
            use: app => app.MapPost("/held", async context =>
            {
                using CancellationTokenRegistration registration = context.RequestAborted.Register(closed.SetResult);
                await end.Task;
            }));
        ConnectionRoom room = server.Services.GetRequiredService<ConnectionRoom>();
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(IPAddress.Loopback, server.Http1.Port);
            await socket.SendAsync("POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nand no more"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            await closed.Task;
            await Task.Delay(20);
            bool hasPlace = room.IsTight;
            end.SetResult();
            Assert.True(hasPlace);
        }

        Assert.True(SpinWait.SpinUntil(() => !room.IsTight, TimeSpan.FromMinutes(1)), "The place stays taken.");
        using var client = new Client(server, new Version(1, 1));
        await client.DownloadAsync(10);
    }

    [Fact]
    public async Task Larger_headers_leave_room_for_fewer_connections()
    {
        await using Server server = await Server.StartAsync(
            static options => options.LimitBytes = 8 << 20,
            static services => services.Configure<KestrelServerOptions>(static kestrel =>
                (kestrel.Limits.MaxRequestBufferSize, kestrel.Limits.MaxRequestHeadersTotalSize) = (4 << 20, 4 << 20)));
        using var first = new Client(server, new Version(1, 1));
        using HttpResponseMessage open = await first.GetAsync("/bytes/1");
        Assert.True(open.Headers.ConnectionClose);
    }

    [Fact]
    public async Task A_refusal_after_the_application_has_written_leaves_a_whole_answer()
    {
        await using Server server = await Server.StartAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Http1.Port);
        await socket.SendAsync("GET /unsent/9000 HTTP/1.1\r\nHost: x\r\n\r\nGET /bytes/0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        string answers = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 503 ", answers, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length: 0\r\nRetry", answers[..answers.IndexOf("\r\n\r\n", StringComparison.Ordinal)], StringComparison.Ordinal);

        // The second answer begins directly after the last piece of the first one.
        Assert.Contains("\r\n0\r\n\r\nHTTP/1.1 200 ", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_client_of_HTTP_2_is_answered_before_its_body_ends()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Server server = await Server.StartAsync(
            static options => (options.LimitBytes, options.RequestBytes) = (1 << 20, 512 * 1024),
            use: app => app.MapGet("/held", () =>
            {
                begun.SetResult();
                return end.Task;
            }));
        using var client = new Client(server, new Version(2, 0));
        Task<HttpResponseMessage> held = client.GetAsync("/held");
        await begun.Task;
        using (HttpResponseMessage refused = await client.PostHeldAsync("/echo", end.Task).WaitAsync(TimeSpan.FromSeconds(60)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        end.SetResult();
        (await held).Dispose();
        await client.DownloadAsync(10);
    }
}
