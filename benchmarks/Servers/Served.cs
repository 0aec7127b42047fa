using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NativeBuffers.Benchmarks.Servers;

/// <summary>The process of one server. It prints its port, and serves until its input ends.</summary>
internal static class Served
{
    private static readonly byte[] s_bytes = new byte[1 << 20];

    public static async Task RunAsync(bool isOurs)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (isOurs)
        {
            builder.Services.AddNativeMemoryPool();
        }

        await using WebApplication app = builder.Build();
        app.MapGet("/bytes/{count:int}", static async (HttpContext context, int count) =>
        {
            context.Response.ContentLength = count;
            for (int sent = 0; sent < count; sent += 16_384)
            {
                await context.Response.Body.WriteAsync(s_bytes.AsMemory(0, int.Min(16_384, count - sent)));
            }
        });
        app.MapGet("/held/{count:int}", static async (HttpContext context, int count) =>
        {
            context.Response.ContentLength = count;
            for (int written = 0; written < count; written += 4096)
            {
                context.Response.BodyWriter.Write(s_bytes.AsSpan(0, int.Min(4096, count - written)));
            }

            await Task.Delay(TimeSpan.FromSeconds(2));
        });
        app.MapGet("/figures/{isCollected:bool}", static (bool isCollected) =>
        {
            long resident = Environment.WorkingSet;
            return string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalMemory(isCollected)} {resident}");
        });
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.Single()).Port);
        _ = await Console.In.ReadLineAsync();
    }
}
