namespace NativeBuffers.Primitives;

/// <summary>How a thread waits for another thread: it spins for some microseconds, and then sleeps a millisecond at a time.</summary>
/// <remarks>
/// <see cref="Thread.Interrupt"/> does not end the wait, so that <c>Dispose</c> never throws. The interruption is kept, and reaches the
/// thread at its next wait; until then this wait spins, because a sleep would end at once.
/// </remarks>
internal struct Backoff
{
    /// <summary>How often to spin: most waits are for a few instructions of another thread.</summary>
    private const int Spins = 50;

    private int _turns;
    private bool _isInterrupted;

    /// <summary>Waits a moment. Call it again if there is still something to wait for.</summary>
    public void Pause()
    {
        if (_turns < Spins || _isInterrupted)
        {
            _turns++;
            Thread.SpinWait(20);
            _ = Thread.Yield();
            return;
        }

        try
        {
            Thread.Sleep(1);
        }
        catch (ThreadInterruptedException)
        {
            _isInterrupted = true;
            Thread.CurrentThread.Interrupt();
        }
    }
}
