namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>Several threads with credit in a tree, one step at a time: the bytes in use are exact, and the peak is wrong by the credit at most.</summary>
[CorrectProgram]
public class BudgetPeakTests
{
    private const int Threads = 3;
    private const int Steps = 1_200;

    /// <summary>The most credit of a thread in a budget, if its blocks are no larger than a parcel.</summary>
    private const long MostCredit = 128 * 1024;

    /// <summary>A larger block makes its parcel as large as itself, up to this size.</summary>
    private const int LargestCredited = 256 * 1024;

    [Theory]
    [InlineData(true, 1_000)]
    [InlineData(true, 64 * 1024)]
    [InlineData(true, LargestCredited)]
    [InlineData(true, 400_000)]
    [InlineData(false, 64 * 1024)]
    public void Used_bytes_are_exact_and_the_peak_is_wrong_by_the_credit_at_most(bool isDefault, int largest)
    {
        long most = long.Max(MostCredit, 2 * long.Min(largest, LargestCredited));
        for (int seed = 0; seed < 3; seed++)
        {
            foreach (Level level in Run(new Random(seed), isDefault, largest))
            {
                Assert.InRange(level.Budget.PeakBytes - level.Peak, -most * Threads * level.BudgetsBelow, most * Threads * level.BudgetsBelow);
                Assert.InRange(level.Budget.PeakBytes, 0, level.Budget.Limit);
            }
        }
    }

    [Fact]
    public void The_peak_of_one_budget_on_one_thread_is_exact_although_the_thread_has_credit()
    {
        NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(100_000_000);
        var random = new Random(1);
        long peak = 0;
        for (int i = 0; i < 2_000; i++)
        {
            // The larger ones take the lock, although the thread has credit.
            int first = random.Next(1 + (i * 200));
            int second = random.Next(2_000);
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(first, budget);
            NativeBuffer.CreateUninitialized<byte>(second, budget).Dispose();
            peak = long.Max(peak, first + second);
            Assert.Equal(first, budget.UsedBytes);
            Assert.Equal(peak, i % 50 == 49 ? budget.PeakBytes : peak);
        }
    }

    /// <summary>Random steps on random threads.</summary>
    private static Level[] Run(Random random, bool isDefault, int largest)
    {
        NativeMemoryBudget top = (isDefault ? NativeAllocator.Default : NativeAllocator.Malloc).WithLimit(long.MaxValue);
        var upper = new Level(top, null) { BudgetsBelow = 3 };
        Level[] levels = [upper, new Level(top.WithLimit(long.MaxValue), upper), new Level(top.WithLimit(long.MaxValue), upper)];
        var blocks = new List<(NativeMemoryOwner<byte> Owner, Level Level)>();
        Worker[] workers = [.. Enumerable.Range(0, Threads).Select(static _ => new Worker())];
        for (int step = 0; step < Steps; step++)
        {
            // Use rises and falls, far beyond the credit of all threads.
            Worker worker = workers[random.Next(Threads)];
            if (blocks.Count > 0 && random.Next(40) < (step % 400 < 200 ? 10 : 30))
            {
                (NativeMemoryOwner<byte> owner, Level level) = blocks[random.Next(blocks.Count)];
                blocks.Remove((owner, level));
                level.Add(-owner.Length);
                worker.Do(owner.Dispose);
            }
            else
            {
                Level level = levels[random.Next(3)];
                int byteCount = random.Next(largest);
                worker.Do(() => blocks.Add((NativeMemoryOwner<byte>.CreateUninitialized(byteCount, level.Budget), level)));
                level.Add(byteCount);
            }

            foreach (Level level in levels)
            {
                Assert.Equal(level.Used, level.Budget.UsedBytes);
            }
        }

        blocks.ForEach(static block => block.Owner.Dispose());
        Array.ForEach(workers, static worker => worker.Dispose());
        return levels;
    }

    private sealed class Level(NativeMemoryBudget budget, Level? above)
    {
        public NativeMemoryBudget Budget => budget;

        public int BudgetsBelow { get; init; } = 1;

        public long Used { get; private set; }

        public long Peak { get; private set; }

        public void Add(long byteCount)
        {
            Used += byteCount;
            Peak = long.Max(Peak, Used);
            above?.Add(byteCount);
        }
    }

    /// <summary>A thread that does one thing at a time, while its caller waits.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly SemaphoreSlim _wanted = new(0);
        private readonly SemaphoreSlim _done = new(0);
        private readonly Thread _thread;
        private Action? _action;
        private Exception? _failure;

        public Worker()
        {
            _thread = new Thread(Work) { IsBackground = true };
            _thread.Start();
        }

        public void Do(Action action)
        {
            _action = action;
            _wanted.Release();
            _done.Wait();
            Assert.Null(_failure);
        }

        public void Dispose()
        {
            _action = null;
            _wanted.Release();
            _thread.Join();
            _wanted.Dispose();
            _done.Dispose();
        }

        private void Work()
        {
            for (_wanted.Wait(); _action is { } action; _wanted.Wait())
            {
                try
                {
                    action();
                }
                catch (Exception failure)
                {
                    _failure = failure;
                }

                _done.Release();
            }
        }
    }
}
