using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace NativeBuffers.AspNetCore;

/// <summary>A connection that keeps its place until the server is finished with it, and all its blocks have come back.</summary>
/// <remarks>
/// <see cref="BaseConnectionContext.ConnectionClosed"/> comes earlier: already when the client sends no more. What it has sent waits in the
/// connection until the application ends the request.
/// </remarks>
internal sealed class PlacedConnection(ConnectionContext connection, ConnectionRoom room) : ConnectionContext
{
    private bool _hasLeft;

    public override string ConnectionId
    {
        get => connection.ConnectionId;
        set => connection.ConnectionId = value;
    }

    public override IFeatureCollection Features => connection.Features;

    public override IDictionary<object, object?> Items
    {
        get => connection.Items;
        set => connection.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => connection.Transport;
        set => connection.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => connection.ConnectionClosed;
        set => connection.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => connection.LocalEndPoint;
        set => connection.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => connection.RemoteEndPoint;
        set => connection.RemoteEndPoint = value;
    }

    public override void Abort() => connection.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => connection.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            if (!Interlocked.Exchange(ref _hasLeft, true))
            {
                room.Leave();
            }

            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
