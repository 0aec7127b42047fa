using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>More clients than a small limit has room for.</summary>
public class OverloadTests
{
    private const long Limit = 8 << 20;
    private const int Clients = 200;
    private const int Bytes = 100_000;

    /// <summary>A request lasts until this number of later ones was refused: so there are too many at once, however slowly they come.</summary>
    private const int Wave = 40;

    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(1, false, 600)]
    [InlineData(1, true, 60)]
    [InlineData(2, true, 600)]
    public async Task Beyond_the_limit_requests_get_503_and_no_connection_is_cut(int version, bool isSecure, int refusals)
    {
        await using Server server = await Server.StartAsync(static options => options.LimitBytes = Limit, use: app => Hold(app, refusals));
        using var client = new Client(server, new Version(version, version == 1 ? 1 : 0), isSecure, Clients);
        int served = 0;
        int refused = 0;
        long highest = 0;
        using var over = new CancellationTokenSource();
        var clock = Stopwatch.StartNew();
        var watch = Task.Run(
            () =>
            {
                do
                {
                    highest = long.Max(highest, server.Memory.Budget.UsedBytes);
                    Thread.Yield();
                }
                while (!over.IsCancellationRequested);
            });
        await Task.WhenAll(
            Enumerable.Range(0, Clients).Select(
                async i =>
                {
                    do
                    {
                        // A request that fails without a status, because its connection was cut, fails the test.
                        using HttpResponseMessage response = i % 2 == 0 ? await client.GetAsync($"/held/{Bytes}") : await client.PostAsync("/held", Bytes);
                        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                        {
                            Assert.Equal("1", response.Headers.GetValues("Retry-After").Single());
                            Interlocked.Increment(ref refused);
                            continue;
                        }

                        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                        Assert.Equal(
                            $"{Bytes}",
                            i % 2 == 0 ? await Payload.CheckAsync(await response.Content.ReadAsStreamAsync()) : await response.Content.ReadAsStringAsync());
                        Interlocked.Increment(ref served);
                    }
                    while (server.Memory.RefusedRequestCount < refusals && clock.Elapsed < s_long);
                }));
        await over.CancelAsync();
        await watch;
        Assert.True(served > 0 && refused >= refusals, $"{served} served, {refused} refused");
        Assert.InRange(highest, 1, Limit);
        Assert.InRange(server.Memory.Budget.PeakBytes, 1, Limit);
        Assert.Equal((refused, 0), (server.Memory.RefusedRequestCount, server.Memory.Budget.RefusedCount));
        await client.DownloadAsync(100_000);
    }

    [Fact]
    public async Task Beyond_the_limit_wrk_finds_no_broken_connection()
    {
        Assert.SkipUnless(TryRun("wrk", "--version", out _), "wrk is not installed.");
        await using Server server = await Server.StartAsync(static options => options.LimitBytes = Limit, use: static app => Hold(app, long.MaxValue));
        var watch = Stopwatch.StartNew();
        do
        {
            Assert.True(TryRun("wrk", $"-t2 -c100 -d2s --timeout 60s {server.Http1}held/20000", out string report), report);
            Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
            Assert.Contains("requests in", report, StringComparison.Ordinal);
        }
        while (server.Memory.RefusedRequestCount < Wave && watch.Elapsed < s_long);
        Assert.InRange(server.Memory.RefusedRequestCount, Wave, long.MaxValue);
        Assert.InRange(server.Memory.Budget.PeakBytes, 1, Limit);
        using var client = new Client(server, new Version(1, 1));
        await client.DownloadAsync(100_000);
    }

    /// <summary>Adds requests that last until some more were refused.</summary>
    /// <param name="app">Gets the requests.</param>
    /// <param name="most">They end when this number of requests was refused in all.</param>
    private static void Hold(WebApplication app, long most)
    {
        NativeServerMemory memory = app.Services.GetRequiredService<NativeServerMemory>();
        app.MapGet("/held/{count:long}", async (HttpContext context, long count) =>
        {
            await WaitAsync(context);
            await Payload.WriteAsync(context.Response, count);
        });
        app.MapPost("/held", async context =>
        {
            await WaitAsync(context);
            await context.Response.WriteAsync(await Payload.CheckAsync(context.Request.Body));
        });

        async Task WaitAsync(HttpContext context)
        {
            long end = long.Min(most, memory.RefusedRequestCount + Wave);
            var watch = Stopwatch.StartNew();
            do
            {
                await Task.Delay(20, context.RequestAborted);
            }
            while (memory.RefusedRequestCount < end && watch.Elapsed < s_long);
        }
    }

    private static bool TryRun(string program, string arguments, out string output)
    {
        output = "";
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
