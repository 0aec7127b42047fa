using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The connections that there is room for.</summary>
/// <remarks>
/// <para>Idle connections of clients would keep all places. So from three quarters on, each answer ends its connection, and the last quarter
/// always gets free again.</para>
/// <para>An endpoint that waits for a client keeps no place: it would take the place from the remaining endpoints. So with several endpoints
/// there may be one connection more for each.</para>
/// </remarks>
internal sealed class ConnectionRoom
{
    /// <summary>The room for what one connection writes before a request is admitted, in bytes.</summary>
    private const int WriteBytes = 8 * 1024;

    private readonly Lock _lock = new();
    private readonly int _few;
    private int _free;
    private TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConnectionRoom(IOptions<NativeServerPoolOptions> options, IOptions<KestrelServerOptions> kestrel)
    {
        KestrelServerLimits limits = kestrel.Value.Limits;
        long headers = int.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize);
        _free = options.Value.MostOf(long.Max(options.Value.BytesOfConnection, headers) + WriteBytes);
        _few = _free / 4;
    }

    /// <summary>Whether answers must end their connections.</summary>
    public bool IsTight => Volatile.Read(ref _free) <= _few;

    /// <summary>Waits until there is a place, and does not take it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task left;
            using (_lock.EnterScope())
            {
                if (_free > 0)
                {
                    return;
                }

                left = _left.Task;
            }

            await left.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the place of a connection; next: <see cref="Leave"/>.</summary>
    public void Enter() => Interlocked.Decrement(ref _free);

    public void Leave()
    {
        TaskCompletionSource left;
        using (_lock.EnterScope())
        {
            if (Interlocked.Increment(ref _free) != 1)
            {
                return;
            }

            left = _left;
            _left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        left.SetResult();
    }
}
