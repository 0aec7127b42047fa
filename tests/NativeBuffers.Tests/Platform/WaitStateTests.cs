namespace NativeBuffers.Tests.Platform;

/// <summary>The runtime calls a thread waiting only while no code of the program runs on it: what <c>WithdrawnBlocks</c> relies on.</summary>
/// <remarks>If this is green with a later runtime, on each system but Windows, that runtime may be added there.</remarks>
public class WaitStateTests
{
    public static TheoryData<string> Waits => WaitingThread.Waits;

    [Theory]
    [MemberData(nameof(Waits))]
    public void An_exception_filter_runs_after_the_end_of_the_wait(string wait)
    {
        ThreadState? inFilter = null;
        using var ran = new ManualResetEventSlim();
        using var thread = new WaitingThread(static () => { }, static () => { })
        {
            OnInterrupted = () =>
            {
                inFilter = Thread.CurrentThread.ThreadState;
                ran.Set();
            },
        };
        thread.Wait(wait);
        thread.Interrupt();
        Assert.True(ran.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        thread.GoOn();
        Assert.Equal(ThreadState.Running, inFilter);
    }

    [Fact]
    public void A_synchronization_context_that_takes_part_in_a_wait_runs_before_the_wait()
    {
        var context = new WaitingContext();
        using var thread = new WaitingThread(() => SynchronizationContext.SetSynchronizationContext(context), static () => { });
        thread.Wait("event");
        thread.GoOn();
        Assert.Equal([ThreadState.Running, ThreadState.Running], context.States);
    }

    private sealed class WaitingContext : SynchronizationContext
    {
        public WaitingContext() => SetWaitNotificationRequired();

        public List<ThreadState> States { get; } = [];

        public override int Wait(IntPtr[] waitHandles, bool waitAll, int millisecondsTimeout)
        {
            States.Add(Thread.CurrentThread.ThreadState);
            int result = WaitHelper(waitHandles, waitAll, millisecondsTimeout);
            States.Add(Thread.CurrentThread.ThreadState);
            return result;
        }
    }
}
