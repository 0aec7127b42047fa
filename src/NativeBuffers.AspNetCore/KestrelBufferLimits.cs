using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>Makes Kestrel and its sockets buffer no more than <see cref="NativeServerPoolOptions"/> says.</summary>
/// <remarks>The sockets have limits of their own, which follow no setting of Kestrel: they read up to 1 MiB before the request is looked at.</remarks>
internal sealed class KestrelBufferLimits(IOptions<NativeServerPoolOptions> options)
    : IPostConfigureOptions<KestrelServerOptions>, IPostConfigureOptions<SocketTransportOptions>
{
    /// <summary>The smallest window of HTTP/2, by its standard.</summary>
    private const int SmallestWindow = 65_535;

    /// <summary>A socket fills a block at least by half before it takes the next one.</summary>
    private int BytesOfSocket => options.Value.BytesOfConnection / 2;

    public void PostConfigure(string? name, KestrelServerOptions kestrel)
    {
        if (!options.Value.HoldsOff)
        {
            return;
        }

        KestrelServerLimits limits = kestrel.Limits;
        int most = int.Max(options.Value.BytesOfConnection, int.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize));
        limits.MaxRequestBufferSize = long.Min(limits.MaxRequestBufferSize ?? long.MaxValue, most);
        limits.MaxResponseBufferSize = long.Min(limits.MaxResponseBufferSize ?? long.MaxValue, options.Value.RequestBytes / 2);
        limits.Http2.InitialStreamWindowSize = int.Min(limits.Http2.InitialStreamWindowSize, int.Max(most, SmallestWindow));
        limits.Http2.InitialConnectionWindowSize = int.Min(limits.Http2.InitialConnectionWindowSize, int.Max(most, SmallestWindow));
    }

    public void PostConfigure(string? name, SocketTransportOptions sockets)
    {
        if (options.Value.HoldsOff)
        {
            sockets.MaxReadBufferSize = long.Min(NoneIfZero(sockets.MaxReadBufferSize), BytesOfSocket);
            sockets.MaxWriteBufferSize = long.Min(NoneIfZero(sockets.MaxWriteBufferSize), options.Value.RequestBytes / 2);
        }
    }

    /// <summary>A limit of the transport, for which null and 0 mean that there is none.</summary>
    private static long NoneIfZero(long? byteCount) => byteCount is null or 0 ? long.MaxValue : byteCount.Value;
}
