using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace NativeBuffers.AspNetCore;

/// <summary>Degraded if requests or rentals were refused in the last ten seconds, or if four fifths of the limit are rented.</summary>
internal sealed class ServerMemoryHealth(NativeServerMemory memory) : IHealthCheck
{
    private static readonly TimeSpan s_recently = TimeSpan.FromSeconds(10);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        long rented = memory.RentedBytes;
        bool isShort = rented > memory.LimitBytes / 5 * 4 || memory.SinceRefusal < s_recently;
        return Task.FromResult(
            new HealthCheckResult(
                isShort ? context.Registration.FailureStatus : HealthStatus.Healthy,
                $"Of {memory.LimitBytes:N0} bytes {rented:N0} are rented.",
                exception: null,
                new Dictionary<string, object>
                {
                    ["limitBytes"] = memory.LimitBytes,
                    ["rentedBytes"] = rented,
                    ["keptBytes"] = memory.KeptBytes,
                    ["refusedRequests"] = memory.RefusedRequestCount,
                }));
    }
}
