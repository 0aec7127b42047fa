using System.Diagnostics;

namespace NativeBuffers.Tests.Blocks.Handles;

/// <summary>A thread resizes an owner for a long time, and a second thread uses that owner.</summary>
[Slow]
public class WaitDuringResizeTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    /// <summary>Runs in the middle of a resize by this thread.</summary>
    [ThreadStatic]
    private static Action? t_duringResize;

    /// <summary>A guard resizes no block in place: the allocators here would not be asked, and nothing would call the program.</summary>
    public WaitDuringResizeTests() => Needs.BareBlocks();

    [Fact]
    public void A_thread_that_waits_for_a_long_resize_sleeps()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The processor time of a thread is asked for by a function of Linux.");
        var allocator = new CallingAllocator(static () => t_duringResize?.Invoke());
        NativeMemoryOwner<int>[] owners = [.. Enumerable.Range(0, 4).Select(_ => NativeMemoryOwner<int>.Create(16, allocator))];
        using var list = new NativeList<int>(16, allocator) { 5 };
        OtherThread.Together(
            () => AssertSleeps(() => owners[0].Resize(17), () => owners[0].Borrow().Dispose()),
            () => AssertSleeps(() => owners[1].Resize(17), () => owners[1].Pin().Dispose()),
            () => AssertSleeps(() => owners[2].Resize(17), () => _ = owners[2].Memory),
            () => AssertSleeps(() => owners[3].Resize(17), () => owners[3].Resize(20)),
            () => AssertSleeps(() => list.EnsureCapacity(17), () => Assert.Equal(5, list[0])));
        Array.ForEach(owners, static owner => owner.Dispose());
    }

    [Fact]
    public void An_interruption_does_not_end_the_wait_and_is_kept()
    {
        using var began = new ManualResetEventSlim();
        using var interrupted = new ManualResetEventSlim();
        using var owner = NativeMemoryOwner<int>.Create(16, new CallingAllocator(() =>
        {
            began.Set();
            Assert.True(interrupted.Wait(s_longest));
            Thread.Sleep(100);
        }));
        bool isComing = false;
        long length = 0;
        bool wasKept = false;
        var reader = new Thread(() =>
        {
            began.Wait();
            Volatile.Write(ref isComing, true);
            using (Borrow<int> borrow = owner.Borrow())
            {
                length = borrow.Length;
            }

            try
            {
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                wasKept = true;
            }
        });
        reader.Start();
        var interrupter = new Thread(() =>
        {
            // Once it sleeps, the reader waits for the resize.
            _ = SpinWait.SpinUntil(() => Volatile.Read(ref isComing) && (reader.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0, s_longest);
            reader.Interrupt();
            interrupted.Set();
        });
        interrupter.Start();
        owner.Resize(17);
        reader.Join();
        interrupter.Join();
        Assert.Equal((17, true), (length, wasKept));
    }

    [Fact]
    public void Disposing_does_not_wait_for_another_threads_resize()
    {
        using var began = new ManualResetEventSlim();
        using var disposed = new ManualResetEventSlim();
        bool wasDisposedFirst = false;
        var allocator = new CallingAllocator(() =>
        {
            began.Set();
            wasDisposedFirst = disposed.Wait(s_longest);
        });
        var owner = NativeMemoryOwner<int>.Create(16, allocator);
        var other = new Thread(() =>
        {
            began.Wait();
            owner.Dispose();
            disposed.Set();
        });
        other.Start();
        Assert.Throws<ObjectDisposedException>(() => owner.Resize(17));
        other.Join();
        Assert.Equal((true, true, 0), (wasDisposedFirst, owner.IsDisposed, allocator.LiveBlocks));
    }

    private static void AssertSleeps(Action resize, Action use)
    {
        using var began = new ManualResetEventSlim();
        using var isComing = new ManualResetEventSlim();
        var resizing = new Thread(() =>
        {
            t_duringResize = () =>
            {
                began.Set();
                isComing.Wait();
                Thread.Sleep(700);
            };
            resize();
        });
        resizing.Start();
        Assert.True(began.Wait(s_longest));
        var watch = Stopwatch.StartNew();
        TimeSpan before = ProcessorTime.Now;
        isComing.Set();
        use();
        (TimeSpan Processor, TimeSpan Elapsed) used = (ProcessorTime.Now - before, watch.Elapsed);
        resizing.Join();
        Assert.InRange(used.Elapsed, TimeSpan.FromSeconds(0.5), s_longest);
        Assert.InRange(used.Processor / used.Elapsed, 0, 0.1);
    }
}
