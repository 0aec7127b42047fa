using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>Budgets on several threads: no limit is passed at any moment, and nothing is left in the end.</summary>
[Slow]
public class BudgetStressTests
{
    private const int Threads = 4;

    [Fact]
    public void No_limit_is_passed_and_all_comes_back()
    {
        Needs.BareBlocks();

        // The wrapped allocator counts the bytes in use.
        var behind = new WitnessAllocator();
        NativeMemoryBudget top = behind.WithBudget(new() { Limit = 20_000 });
        NativeMemoryBudget[] children =
        [
            top.WithBudget(new() { Limit = 9_000, ReservedBytes = 3_000 }),
            top.WithBudget(new() { Limit = 15_000 }),
            top.WithBudget(new() { Limit = 15_000 }).WithBudget(new() { Limit = 12_000, ReservedBytes = 1_000 }),
        ];
        long refusals = 0;
        Run(index =>
        {
            var random = new Random(index);
            var live = new List<NativeMemoryOwner<byte>>();
            for (int step = 0; step < 20_000; step++)
            {
                try
                {
                    switch (random.Next(4))
                    {
                        case 0 when live.Count > 0:
                            int last = random.Next(live.Count);
                            live[last].Dispose();
                            live.RemoveAt(last);
                            break;
                        case 1 when live.Count > 0:
                            live[random.Next(live.Count)].Resize(random.Next(3000));
                            break;
                        case 2:
                            children[random.Next(children.Length)].TryReserve(random.Next(500))?.Dispose();
                            break;
                        default:
                            live.Add(NativeMemoryOwner<byte>.Create(random.Next(3000), children[random.Next(children.Length)]));
                            break;
                    }
                }
                catch (OutOfMemoryException)
                {
                    Interlocked.Increment(ref refusals);
                }
            }

            live.ForEach(static owner => owner.Dispose());
        });
        Assert.InRange(behind.Peak, 1, 20_000);
        Assert.InRange(top.PeakBytes, 1, 20_000);
        Assert.NotEqual(0, refusals);
        Assert.Equal((0L, 0L), (behind.Live, top.UsedBytes));
        Assert.All(children, static child => Assert.Equal(0, child.UsedBytes));
        Assert.All(children, static child => Assert.InRange(child.PeakBytes, 1, child.Limit));
        Assert.Equal([3_000L, 0, 1_000], children.Select(static child => child.ReservedBytes));
    }

    /// <summary>Short turns in the lock, so that threads meet in it. A byte that is counted twice or not at all shows in the sums.</summary>
    [Fact]
    public unsafe void Nothing_is_lost_where_threads_do_nothing_else_than_allocate_and_free()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new());
        NativeMemoryBudget low = top.WithBudget(new()).WithBudget(new() { Limit = 10_000 });
        Run(index =>
        {
            NativeAllocator mine = index % 2 == 0 ? top : low;
            for (nuint i = 0; i < 200_000; i++)
            {
                mine.Free(mine.AllocateUninitialized(i % 50), i % 50);
            }
        });
        Assert.Equal((0L, 0L), (top.UsedBytes, low.UsedBytes));
        Assert.InRange(top.PeakBytes, 49, Threads * 49);
    }

    [Fact]
    public void Reserved_bytes_are_never_refused_while_other_threads_take_all_they_can()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Limit = 10_000 });
        using NativeMemoryBudget child = top.WithBudget(new() { Limit = 2_000, ReservedBytes = 2_000 });
        bool isOver = false;
        Exception? thrown = null;
        Run(index =>
        {
            if (index == 0)
            {
                try
                {
                    for (int i = 0; i < 50_000; i++)
                    {
                        NativeBuffer.CreateUninitialized<byte>(2_000, child).Dispose();
                    }
                }
                catch (OutOfMemoryException exception)
                {
                    thrown = exception;
                }

                Volatile.Write(ref isOver, true);
                return;
            }

            while (!Volatile.Read(ref isOver))
            {
                if (NativeBuffer.TryCreate(1_000 * index, out NativeBuffer<byte> buffer, top))
                {
                    buffer.Dispose();
                }
            }
        });
        Assert.Null(thrown);
        Assert.Equal(0, top.UsedBytes);
    }

    [Fact]
    public void A_thread_that_is_interrupted_again_and_again_counts_right()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(new() { Limit = 1_000_000 });
        using var stop = new CancellationTokenSource();
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using var owner = NativeMemoryOwner<byte>.Create(100, budget);
                    owner.Resize(200);
                }
                catch (ThreadInterruptedException)
                {
                    // From elsewhere than the budget, which keeps it for later.
                }
            }
        })).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        for (int i = 0; i < 20_000; i++)
        {
            threads[i % 2].Interrupt();
        }

        stop.Cancel();
        Array.ForEach(threads, static thread => thread.Join());
        Assert.Equal(0, budget.UsedBytes);
    }

    private static void Run(Action<int> body)
    {
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() => body(index)))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
    }
}
