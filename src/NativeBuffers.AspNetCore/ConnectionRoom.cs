using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The connections that there is room for.</summary>
/// <remarks>
/// Idle connections of clients would keep all places. So from three quarters on, each answer ends its connection, and the last quarter
/// always gets free again.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has no handle to release, and connections may end after the server.")]
internal sealed class ConnectionRoom(IOptions<NativeServerPoolOptions> options)
{
    private readonly SemaphoreSlim _free = new(options.Value.MostConnections);
    private readonly int _few = options.Value.MostConnections / 4;

    /// <summary>Whether answers must end their connections.</summary>
    public bool IsTight => _free.CurrentCount <= _few;

    /// <summary>Waits for the place of a connection; next: <see cref="Leave"/>.</summary>
    public Task EnterAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    public void Leave() => _free.Release();
}
