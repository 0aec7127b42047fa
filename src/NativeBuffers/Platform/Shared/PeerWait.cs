using System.Diagnostics;

namespace NativeBuffers.Platform.Shared;

/// <summary>A limited wait for another process that has almost finished, but may be stopped.</summary>
/// <remarks>The other process needs some microseconds. The wait may last seconds, because that process may wait for a processor.</remarks>
internal struct PeerWait
{
    /// <summary>The limit of the wait.</summary>
    public const int MostSeconds = 5;

    private SpinWait _pause;
    private long _startedAt;

    /// <summary>True if the time is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Pauses before the next try; false when the time is over.</summary>
    public bool TryPause()
    {
        if (_startedAt == 0)
        {
            _startedAt = Stopwatch.GetTimestamp();
        }

        // After some turns the pause sleeps for a millisecond each time.
        IsOver = Stopwatch.GetElapsedTime(_startedAt) > TimeSpan.FromSeconds(MostSeconds);
        if (!IsOver)
        {
            _pause.SpinOnce();
        }

        return !IsOver;
    }
}
