using System.Diagnostics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Primitives;

/// <summary>A long wait sleeps, also on a thread that was interrupted; and the interruption is kept.</summary>
public class BackoffTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_long_wait_sleeps(bool isInterrupted) => OtherThread.Run(
        () =>
        {
            if (isInterrupted)
            {
                Thread.CurrentThread.Interrupt();
            }

            var backoff = default(Backoff);
            int pauses = 0;
            for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 100 || pauses < 2; pauses++)
            {
                backoff.Pause();
            }

            // The spins at the begin, and a sleep of a millisecond or more each time.
            Assert.InRange(pauses, 2, 160);
            if (isInterrupted)
            {
                Assert.Throws<ThreadInterruptedException>(static () => Thread.Sleep(0));
            }
        });
}
