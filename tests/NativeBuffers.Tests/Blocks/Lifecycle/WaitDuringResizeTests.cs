using System.Diagnostics;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>A thread resizes an owner for a long time, and a second thread uses that owner.</summary>
[Slow]
public class WaitDuringResizeTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>A guard resizes no block in place: the allocators here would not be asked, and nothing would call the program.</summary>
    public WaitDuringResizeTests() => Needs.BareBlocks();

    [Fact]
    public void A_thread_that_waits_for_a_long_resize_sleeps()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The processor time of a thread is asked for by a function of Linux.");
        var allocator = new CallingAllocator(static () => Thread.Sleep(1500));
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
        using var owner = NativeMemoryOwner<int>.Create(16, new CallingAllocator(() =>
        {
            began.Set();
            Thread.Sleep(500);
        }));
        long length = 0;
        bool wasKept = false;
        var reader = new Thread(() =>
        {
            began.Wait();
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
            began.Wait();
            Thread.Sleep(200);
            reader.Interrupt();
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
        var watch = Stopwatch.StartNew();
        var resizing = new Thread(() => resize());
        resizing.Start();
        Thread.Sleep(200);
        (TimeSpan Processor, TimeSpan Elapsed) before = (ProcessorTime.Now, watch.Elapsed);
        use();
        (TimeSpan Processor, TimeSpan Elapsed) after = (ProcessorTime.Now, watch.Elapsed);
        resizing.Join();
        Assert.InRange(after.Elapsed - before.Elapsed, TimeSpan.FromSeconds(0.5), s_longest);
        Assert.InRange((after.Processor - before.Processor) / (after.Elapsed - before.Elapsed), 0, 0.1);
    }
}
