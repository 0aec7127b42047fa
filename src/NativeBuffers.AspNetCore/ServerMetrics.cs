using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace NativeBuffers.AspNetCore;

/// <summary>The instruments of the pools, in a meter of the name <c>NativeBuffers.AspNetCore</c>. All are observed, so renting does not count.</summary>
internal sealed class ServerMetrics : IHostedService
{
    public const string MeterName = "NativeBuffers.AspNetCore";
    private const string OwnerTag = "nativebuffers.pool.owner";

    public ServerMetrics(NativeServerMemory memory, IMeterFactory meters)
    {
        Meter meter = meters.Create(MeterName);
        _ = meter.CreateObservableUpDownCounter(
            "nativebuffers.server.pool.rented", () => OfOwners(memory, static pool => pool.RentedBytes), "By", "Bytes that are rented.");
        _ = meter.CreateObservableUpDownCounter(
            "nativebuffers.server.pool.kept", () => OfOwners(memory, static pool => pool.KeptBytes), "By", "Bytes that are kept for the next renters.");
        _ = meter.CreateObservableUpDownCounter("nativebuffers.server.limit", () => memory.LimitBytes, "By", "The most bytes of all pools.");
        _ = meter.CreateObservableCounter("nativebuffers.server.evicted", () => memory.EvictedBytes, "By", "Bytes that went back to the system.");
        _ = meter.CreateObservableCounter(
            "nativebuffers.server.requests.refused", () => memory.RefusedRequestCount, "{request}", "Requests that were answered with status 503.");
        _ = meter.CreateObservableCounter("nativebuffers.server.leaks", () => memory.LeakCount, "{rental}", "Rentals that were never returned.");
        _ = meter.CreateObservableCounter(
            "nativebuffers.server.violations", () => memory.ViolationCount, "{return}", "Returns of blocks that were returned before.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The sums of all pools of an owner.</summary>
    private static IEnumerable<Measurement<long>> OfOwners(NativeServerMemory memory, Func<ServerPool, long> figure) =>
        memory.Pools.GroupBy(static pool => pool.Owner, StringComparer.Ordinal)
            .Select(pools => new Measurement<long>(pools.Sum(figure), new KeyValuePair<string, object?>(OwnerTag, pools.Key)));
}
