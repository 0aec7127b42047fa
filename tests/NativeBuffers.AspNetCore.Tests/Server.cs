using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>A real Kestrel on the loopback address, with the library's pool: ports for HTTP/1.1 and WebSockets, for HTTP/2, and for TLS.</summary>
internal sealed class Server : IAsyncDisposable
{
    public static readonly X509Certificate2 Certificate = MakeCertificate();

    private readonly WebApplication _app;

    private Server(WebApplication app)
    {
        _app = app;
        string[] urls = [.. app.Urls];
        (Http1, Http2, Https) = (new Uri(urls[0]), new Uri(urls[1]), new Uri(urls[2]));
        Memory = app.Services.GetRequiredService<NativeServerMemory>();
    }

    public Uri Http1 { get; }

    public Uri Http2 { get; }

    /// <summary>Both versions, with TLS.</summary>
    public Uri Https { get; }

    public NativeServerMemory Memory { get; }

    /// <summary>Whether the disposal asserts that no leak and no violation was noted.</summary>
    public bool IsClean { get; set; } = true;

    public IServiceProvider Services => _app.Services;

    public static async Task<Server> StartAsync(
        Action<NativeServerPoolOptions>? configure = null,
        Action<IServiceCollection>? add = null,
        Action<WebApplication>? use = null,
        string environment = "Production")
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });

        // The test of the page turns the log off for all servers of the process.
        builder.Logging.ClearProviders().AddFilter(static _ => true);
        builder.Services.AddNativeMemoryPool(configure);
        add?.Invoke(builder.Services);
        builder.WebHost.ConfigureKestrel(
            static kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Limits.MinResponseDataRate = null;
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(Certificate));
            });
        WebApplication app = builder.Build();
        use?.Invoke(app);
        app.UseWebSockets();
        app.MapGet("/bytes/{count:long}", static (HttpContext context, long count) => Payload.WriteAsync(context.Response, count));
        app.MapPost("/echo", static context => context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted));
        app.MapPost("/check", static async context => await context.Response.WriteAsync(await Payload.CheckAsync(context.Request.Body)));
        app.MapGet("/slow/{count:long}", static async (HttpContext context, long count) =>
        {
            await Task.Delay(20, context.RequestAborted);
            await Payload.WriteAsync(context.Response, count);
        });
        app.MapGet("/refused", static () => { using var block = NativeMemoryOwner<byte>.Create(11, NativeAllocator.Default.WithLimit(10)); });
        app.MapGet("/unsent/{count:int}", static (HttpContext context, int count) =>
        {
            context.Response.BodyWriter.Write(Payload.From(0, count).Span);
            using var block = NativeMemoryOwner<byte>.Create(11, NativeAllocator.Default.WithLimit(10));
        });
        app.MapPost("/slow", static async context =>
        {
            await Task.Delay(20, context.RequestAborted);
            await context.Response.WriteAsync(await Payload.CheckAsync(context.Request.Body));
        });
        app.Map("/socket", static context => Sockets.EchoAsync(context));
        await app.StartAsync();
        return new Server(app);
    }

    /// <summary>Stops the server; then no block is rented, and no byte of the budget is in use.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        for (int i = 0; i < 6000 && Memory.Budget.UsedBytes != 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal((0, 0), (Memory.RentedBytes, Memory.Budget.UsedBytes));
        Assert.True(!IsClean || (Memory.LeakCount, Memory.ViolationCount) == (0, 0));
    }

    /// <summary>Signed by itself: the clients of the tests trust it.</summary>
    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
