namespace NativeBuffers.Tests.Handles;

/// <summary>Two threads that do something at the same moment, again and again.</summary>
internal static class Race
{
    /// <summary>Calls both with each round's number. What either throws fails the test.</summary>
    public static void Run(int rounds, Action<int> left, Action<int> right)
    {
        int leftRound = 0;
        int rightRound = 0;
        Exception? failure = null;
        var other = new Thread(() => Go(right, ref rightRound, ref leftRound));
        other.Start();
        Go(left, ref leftRound, ref rightRound);
        other.Join();
        Assert.Null(failure);

        void Go(Action<int> action, ref int mine, ref int theirs)
        {
            for (int round = 0; round < rounds; round++)
            {
                // Not a barrier of the platform: from that the two come back microseconds apart.
                Volatile.Write(ref mine, round + 1);
                for (int turn = 0; Volatile.Read(ref theirs) <= round; turn++)
                {
                    if (turn > 1000)
                    {
                        Thread.Yield(); // The other one may wait for this processor.
                    }
                }

                // One is a little earlier or later each time, so that every moment of the one meets every moment of the other.
                for (int delay = ReferenceEquals(action, left) ? round % 97 : round % 101; delay > 0; delay--)
                {
                    _ = Volatile.Read(ref mine);
                }

                try
                {
                    action(round);
                }
                catch (Exception thrown)
                {
                    // The other thread waits: go on all the same.
                    failure = thrown;
                }
            }
        }
    }
}
