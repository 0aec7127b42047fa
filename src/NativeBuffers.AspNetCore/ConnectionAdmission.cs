using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The transport over sockets, which accepts a connection only while there is room for its buffers.</summary>
/// <remarks>A connection that is not accepted yet waits in the queue of the system. Nothing of it is read, and it is not cut.</remarks>
internal sealed class ConnectionAdmission(
    IOptions<SocketTransportOptions> transport, ILoggerFactory loggers, IOptions<NativeServerPoolOptions> options, ConnectionRoom room)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets = new(transport, loggers);

    public bool CanBind(EndPoint endpoint) => options.Value.HoldsOff && _sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await _sockets.BindAsync(endpoint, cancellationToken).ConfigureAwait(false), room);

    [SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and AcceptAsync may still use it.")]
    private sealed class Listener(IConnectionListener sockets, ConnectionRoom room) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => sockets.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            try
            {
                await room.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                return null;
            }

            ConnectionContext? connection = await sockets.AcceptAsync(cancellationToken).ConfigureAwait(false);
            if (connection is null)
            {
                return null;
            }

            room.Enter();
            return new PlacedConnection(connection, room);
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync().ConfigureAwait(false);
            await sockets.UnbindAsync(cancellationToken).ConfigureAwait(false);
        }

        public async ValueTask DisposeAsync()
        {
            await _unbound.CancelAsync().ConfigureAwait(false);
            await sockets.DisposeAsync().ConfigureAwait(false);
        }
    }
}
