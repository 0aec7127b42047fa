using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Requests to a <see cref="Server"/>; each compares all bytes.</summary>
internal sealed class Client(Server server, Version version, bool isSecure = false, int connections = 64) : IDisposable
{
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            MaxConnectionsPerServer = connections,
            EnableMultipleHttp2Connections = true,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => Server.Certificate.Equals(certificate),
            },
        })
    {
        BaseAddress = isSecure ? server.Https : version.Major == 2 ? server.Http2 : server.Http1,
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

    public Task<HttpResponseMessage> PostAsync(string path, long count) => _http.PostAsync(path, Payload.Content(count));

    /// <summary>Sends a body that begins at once, and goes on after a task.</summary>
    public Task<HttpResponseMessage> PostHeldAsync(string path, Task held)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = Payload.Content(100_000, held),
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task DownloadAsync(long count)
    {
        using HttpResponseMessage response = await GetAsync($"/bytes/{count}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"{count}", await Payload.CheckAsync(await response.Content.ReadAsStreamAsync()));
    }

    public async Task UploadAsync(long count)
    {
        using HttpContent content = Payload.Content(count);
        using HttpResponseMessage response = await _http.PostAsync("/check", content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"{count}", await response.Content.ReadAsStringAsync());
    }

    /// <summary>A small echo, which the buffers of the sockets can hold: the client reads nothing before it has sent all.</summary>
    public async Task EchoAsync(long count)
    {
        using HttpContent content = Payload.Content(count);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo") { Content = content, Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"{count}", await Payload.CheckAsync(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>A client that goes away in the middle of an upload or a download.</summary>
    public static async Task AbortAsync(Server server, Random random)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
        await socket.ConnectAsync(IPAddress.Loopback, server.Http1.Port);
        bool isUpload = random.Next(2) == 0;
        await socket.SendAsync(
            Encoding.ASCII.GetBytes(
                isUpload
                    ? "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
                    : "GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n"));
        for (int left = isUpload ? random.Next(1, 20) : 0; left > 0; left--)
        {
            await socket.SendAsync(Payload.From(0, 10_000).ToArray());
        }

        if (random.Next(2) == 0)
        {
            _ = await socket.ReceiveAsync(new byte[random.Next(1, 50_000)]);
        }
    }

    public void Dispose() => _http.Dispose();
}
