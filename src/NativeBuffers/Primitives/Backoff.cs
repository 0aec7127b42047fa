namespace NativeBuffers.Primitives;

/// <summary>How a thread waits for another thread: it spins for some microseconds, and then sleeps a millisecond at a time.</summary>
/// <remarks>
/// <see cref="Thread.Interrupt"/> does not end the wait, so that <c>Dispose</c> never throws. The interruption is kept, and reaches the
/// thread at its next wait. A kept interruption ends the next sleep at once, but only one: so the thread sleeps twice then.
/// </remarks>
internal struct Backoff
{
    /// <summary>How often to spin: most waits are for a few instructions of another thread.</summary>
    private const int Spins = 50;

    private int _turns;

    /// <summary>Waits a moment. Call it again if there is still something to wait for.</summary>
    public void Pause()
    {
        if (_turns < Spins)
        {
            _turns++;
            Thread.SpinWait(20);
            _ = Thread.Yield();
            return;
        }

        if (!TrySleep())
        {
            _ = TrySleep();
            Thread.CurrentThread.Interrupt();
        }
    }

    private static bool TrySleep()
    {
        try
        {
            Thread.Sleep(1);
            return true;
        }
        catch (ThreadInterruptedException)
        {
            return false;
        }
    }
}
