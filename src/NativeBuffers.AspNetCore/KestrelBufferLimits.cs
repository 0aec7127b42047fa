using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>Makes Kestrel buffer no more for a connection than <see cref="NativeServerPoolOptions.ConnectionBytes"/> says.</summary>
internal sealed class KestrelBufferLimits(IOptions<NativeServerPoolOptions> options) : IPostConfigureOptions<KestrelServerOptions>
{
    /// <summary>The smallest window of HTTP/2, by its standard.</summary>
    private const int SmallestWindow = 65_535;

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
}
