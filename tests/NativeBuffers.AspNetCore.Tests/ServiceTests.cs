using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The services around the pool: factory, health check, metrics, log.</summary>
public class ServiceTests
{
    [Fact]
    public async Task Any_code_gets_pools_from_the_factory_and_the_metrics_name_their_owners()
    {
        await using Server server = await Server.StartAsync(static options => options.LimitBytes = 2 << 20);
        using MemoryPool<byte> pool = server.Services.GetRequiredService<IMemoryPoolFactory<byte>>().Create(new MemoryPoolOptions { Owner = "mine" });
        using IMemoryOwner<byte> block = pool.Rent();
        var found = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            // Other tests have servers, too.
            if (instrument.Meter.Name == "NativeBuffers.AspNetCore" && instrument.Meter.Scope == server.Services.GetRequiredService<IMeterFactory>())
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => found[$"{instrument.Name} {(tags.Length == 0 ? "" : tags[0].Value)}"] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(4096, found["nativebuffers.server.pool.rented mine"]);
        Assert.Equal(31 * 4096, found["nativebuffers.server.pool.kept mine"]);
        Assert.Equal(2 << 20, found["nativebuffers.server.limit "]);
    }

    [Fact]
    public async Task The_health_check_fails_while_memory_is_short()
    {
        await using Server server = await Server.StartAsync(
            static options => options.LimitBytes = 1 << 20,
            static services => services.AddHealthChecks().AddNativeMemoryPool());
        HealthCheckService health = server.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Status);
        using MemoryPool<byte> pool = server.Memory.Add("test");
        List<IMemoryOwner<byte>> rented = [];
        Assert.Throws<OutOfMemoryException>(() => RentAll(pool, rented));
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Status);
        rented.ForEach(static each => each.Dispose());
    }

    private static void RentAll(MemoryPool<byte> pool, List<IMemoryOwner<byte>> rented)
    {
        while (true)
        {
            rented.Add(pool.Rent());
        }
    }

    [Fact]
    public async Task Refusals_leaks_and_violations_are_logged()
    {
        var log = new Kept();
        await using Server server = await Server.StartAsync(
            static options => (options.Name, options.LimitBytes) = ("Logged", 1 << 20),
            services => services.AddSingleton<ILoggerProvider>(log));
        server.IsClean = false;
        NativeMemoryBudget budget = NativeAllocator.Default.WithBudget(new() { Name = "Refusing", Limit = 10 });
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(11, budget));
        server.Memory.NoteLeak("forgetful");
        server.Memory.NoteViolation("careless");
        Assert.Contains(log.Lines, static line => line.Contains("The budget 'Refusing' refused 11 bytes", StringComparison.Ordinal));
        Assert.Contains(log.Lines, static line => line.Contains("of forgetful was never returned", StringComparison.Ordinal));
        Assert.Contains(log.Lines, static line => line.Contains("of careless was returned twice", StringComparison.Ordinal));
        Assert.Equal((1, 1), (server.Memory.LeakCount, server.Memory.ViolationCount));
    }

    [Theory]
    [InlineData("Production", false)]
    [InlineData("Production", true)]
    [InlineData("Development", false)]
    public async Task A_refusal_inside_a_request_is_answered_with_503(string environment, bool handlesExceptions)
    {
        await using Server server = await Server.StartAsync(
            use: app => _ = handlesExceptions
                ? app.UseExceptionHandler(static failed => failed.Run(static context => context.Response.WriteAsync("failed")))
                : app,
            environment: environment);
        using var client = new Client(server, new Version(1, 1));
        using HttpResponseMessage response = await client.GetAsync("/refused");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(1, server.Memory.RefusedRequestCount);
        await client.DownloadAsync(10);
    }

    [Fact]
    public async Task A_server_that_was_added_after_the_pool_does_not_start()
    {
        using IHost host = new HostBuilder()
            .ConfigureServices(static services => services.AddNativeMemoryPool())
            .ConfigureWebHost(static web => web.UseKestrel().UseUrls("http://127.0.0.1:0").Configure(static _ => { }))
            .Build();
        InvalidOperationException refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());
        Assert.Contains("call AddNativeMemoryPool after UseKestrel", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_holds_nothing_off_rents_from_the_pool()
    {
        await using Server server = await Server.StartAsync(static options => options.HoldsOff = false);
        using var client = new Client(server, new Version(1, 1));
        await client.DownloadAsync(100_000);
        Assert.True(server.Memory.Budget.PeakBytes > 0);
    }

    [Fact]
    public async Task Settings_that_leave_no_room_are_refused_when_the_server_starts()
    {
        OptionsValidationException refusal = await Assert.ThrowsAsync<OptionsValidationException>(
            static () => Server.StartAsync(static options => (options.LimitBytes, options.RequestBytes) = (1 << 20, 600_000)));
        Assert.Contains("set RequestBytes and ConnectionBytes to at most half of LimitBytes", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<OptionsValidationException>(
            static () => Server.StartAsync(static options => (options.LimitBytes, options.ConnectionBytes) = (1 << 20, int.MaxValue)));
        var options = new NativeServerPoolOptions();
        Assert.Throws<ArgumentOutOfRangeException>(() => options.RetryAfter = TimeSpan.FromSeconds(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => options.RetryAfter = TimeSpan.MaxValue);
    }

    private sealed class Kept : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
