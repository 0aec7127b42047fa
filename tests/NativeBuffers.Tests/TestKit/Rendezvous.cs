namespace NativeBuffers.Tests.TestKit;

/// <summary>Where the threads of a race wait for each other, without sleeping, so that they go on at the same moment.</summary>
internal sealed class Rendezvous(Race race, int count)
{
    private int _arrived;
    private int _round;

    /// <summary>Waits for the remaining threads; false when the race is over.</summary>
    public bool Meet()
    {
        int round = Volatile.Read(ref _round);
        if (Interlocked.Increment(ref _arrived) == count)
        {
            _arrived = 0;
            Volatile.Write(ref _round, round + 1);
            return true;
        }

        for (int turn = 0; Volatile.Read(ref _round) == round; turn++)
        {
            if (race.IsOver)
            {
                return false;
            }

            if (turn > 200)
            {
                Thread.Yield();
            }
        }

        return true;
    }
}
