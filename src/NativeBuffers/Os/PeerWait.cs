using System.Diagnostics;

namespace NativeBuffers.Os;

/// <summary>A wait for another process that is about to be done, and may be stopped in the middle: bounded, and mostly asleep.</summary>
/// <remarks>The other process needs some microseconds. It gets seconds, since it may be waiting for a processor.</remarks>
internal struct PeerWait
{
    /// <summary>How long to wait in all.</summary>
    public const int MostSeconds = 5;

    private SpinWait _pause;
    private long _startedAt;

    /// <summary>Whether the other process had all its time.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Pauses before the next look; false when the time is over.</summary>
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
