using System.Runtime.ExceptionServices;

namespace NativeBuffers.Tests.Platform;

/// <summary>The runtime calls a thread waiting only while no code of the program runs on it: what <c>WithdrawnBlocks</c> relies on.</summary>
/// <remarks>If this is green with a later runtime, on each system but Windows, that runtime may be added there.</remarks>
public class WaitStateTests
{
    public static TheoryData<string> Waits => WaitingThread.Waits;

    [Theory]
    [MemberData(nameof(Waits))]
    public void Filters_and_listeners_of_exceptions_run_after_the_end_of_the_wait(string wait)
    {
        ThreadState? inFilter = null, inListener = null;
        Thread? waiting = null;
        using var ran = new ManualResetEventSlim();
        using var thread = new WaitingThread(() => waiting = Thread.CurrentThread, static () => { })
        {
            OnInterrupted = () =>
            {
                inFilter = Thread.CurrentThread.ThreadState;
                ran.Set();
            },
        };
        AppDomain.CurrentDomain.FirstChanceException += Listen;
        try
        {
            thread.Wait(wait);
            thread.Interrupt();
            Assert.True(ran.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
            thread.GoOn();
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Listen;
        }

        Assert.Equal(ThreadState.Running, inFilter);
        Assert.Equal(ThreadState.Running, inListener);

        void Listen(object? sender, FirstChanceExceptionEventArgs arguments)
        {
            if (Thread.CurrentThread == waiting && arguments.Exception is ThreadInterruptedException)
            {
                inListener ??= Thread.CurrentThread.ThreadState;
            }
        }
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
