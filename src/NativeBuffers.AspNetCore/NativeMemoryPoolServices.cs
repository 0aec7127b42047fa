using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using NativeBuffers.AspNetCore;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the library's memory pool to a server.</summary>
public static class NativeMemoryPoolServices
{
    /// <summary>Makes Kestrel, and all that ask for an <see cref="IMemoryPoolFactory{T}"/> of bytes, rent from <see cref="NativeServerMemory"/>.</summary>
    /// <remarks>
    /// Call it after <c>UseKestrel</c> or <c>ConfigureWebHostDefaults</c>, if the program calls one of them. They would replace the pool, and the
    /// server does not start then.
    /// </remarks>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Changes the settings; or null.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddNativeMemoryPool(this IServiceCollection services, Action<NativeServerPoolOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null)
        {
            services.Configure(configure);
        }

        if (services.Any(static service => service.ServiceType == typeof(NativeServerMemory)))
        {
            return services;
        }

        services.AddOptions<NativeServerPoolOptions>()
            .Validate(
                static options => options.HasRoom,
                $"Half of {nameof(NativeServerPoolOptions.LimitBytes)} is for requests, and half for connections: set {nameof(NativeServerPoolOptions.RequestBytes)} and "
                    + $"{nameof(NativeServerPoolOptions.ConnectionBytes)} to at most half of {nameof(NativeServerPoolOptions.LimitBytes)}.")
            .ValidateOnStart();
        services.AddSingleton<NativeServerMemory>();
        services.RemoveAll<IMemoryPoolFactory<byte>>();
        services.AddSingleton<IMemoryPoolFactory<byte>, ServerPoolFactory>();
        services.AddSingleton<ConnectionRoom>();
        services.AddSingleton<IStartupFilter, RequestAdmission>();
        services.AddSingleton<RefusalAnswer>();
        services.AddSingleton<IExceptionHandler>(static provider => provider.GetRequiredService<RefusalAnswer>());
        services.AddSingleton<IDeveloperPageExceptionFilter>(static provider => provider.GetRequiredService<RefusalAnswer>());
        services.AddSingleton<IPostConfigureOptions<KestrelServerOptions>, KestrelBufferLimits>();
        services.AddSingleton<IPostConfigureOptions<SocketTransportOptions>, KestrelBufferLimits>();
        services.AddSingleton<IConnectionListenerFactory, ConnectionAdmission>();
        services.AddHostedService<LibraryEvents>();
        services.AddHostedService<ServerMetrics>();
        return services;
    }

    /// <summary>Adds a check that fails while memory is short: requests were refused in the last ten seconds, or four fifths are rented.</summary>
    /// <param name="builder">The health checks of the application.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="failureStatus">The status while memory is short; <see cref="HealthStatus.Degraded"/> when null.</param>
    /// <param name="tags">Tags of the check; or null.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="name"/> is null.</exception>
    public static IHealthChecksBuilder AddNativeMemoryPool(
        this IHealthChecksBuilder builder, string name = "native memory pool", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddCheck<ServerMemoryHealth>(name, failureStatus ?? HealthStatus.Degraded, tags ?? []);
    }
}
