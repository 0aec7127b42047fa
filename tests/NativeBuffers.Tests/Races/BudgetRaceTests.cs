using NativeBuffers.Allocation.Budgets;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads with credit in one tree of budgets, while their credit is called in again and again.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class BudgetRaceTests
{
    private const int Threads = 4;

    /// <summary>No thread has more than its share at a time, so each request fits, also where the room is the credit of other threads.</summary>
    [Theory]
    [InlineData(true, 400_000)]
    [InlineData(true, 2_000_000)]
    [InlineData(false, 400_000)]
    public void Requests_that_fit_are_never_refused_and_all_bytes_come_back(bool isDefault, int limit)
    {
        NativeMemoryBudget top = (isDefault ? NativeAllocator.Default : NativeAllocator.Malloc).WithLimit(limit);
        NativeMemoryBudget[] budgets = [top, top.WithLimit(limit), top.WithLimit(limit).WithLimit(limit)];
        int share = limit / Threads;
        new Race().Run([.. Enumerable.Repeat<Action<Random>>(random => Turn(random, budgets, share), Threads)]);
        Assert.All(budgets, static budget => Assert.Equal((0L, 0L), (budget.UsedBytes, budget.RefusedCount)));
        Assert.InRange(top.PeakBytes, 1, limit);
        Array.ForEach(budgets, budget => NativeMemoryOwner<byte>.Create(limit, budget).Dispose());

        static void Turn(Random random, NativeMemoryBudget[] budgets, int share)
        {
            NativeMemoryBudget budget = budgets[random.Next(budgets.Length)];
            int first = random.Next(1, share / 2);
            for (int i = random.Next(200); i > 0; i--)
            {
                NativeBuffer<byte> small = NativeBuffer.CreateUninitialized<byte>(1 + (first % 5_000), budget);
                using NativeBuffer<byte> large = NativeBuffer.CreateUninitialized<byte>(share - small.Length, budgets[i % budgets.Length]);
                small.Dispose();
                i -= large.Length % 50;
            }
        }
    }

    /// <summary>Each thread counts its bytes on each level after it has them, and before it gives them back. So the sums are never too high.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_limit_is_passed_on_any_level(bool isDefault)
    {
        NativeMemoryBudget top = (isDefault ? NativeAllocator.Default : NativeAllocator.Malloc).WithLimit(500_000);
        NativeMemoryBudget middle = top.WithLimit(300_000);
        NativeMemoryBudget[] budgets = [top, middle, middle.WithLimit(200_000), top.WithLimit(250_000)];
        int[][] levels = [[0], [0, 1], [0, 1, 2], [0, 3]];
        long[] sums = new long[4];
        long refusals = 0;
        var handedOver = new Held?[4];
        var race = new Race { IsEnough = () => Volatile.Read(ref refusals) > 0 };
        race.Run([.. Enumerable.Repeat<Action<Random>>(Turn, Threads)]);
        Array.ForEach(handedOver, static held => held?.End());
        Assert.All(budgets, static budget => Assert.Equal(0, budget.UsedBytes));

        void Turn(Random random)
        {
            for (int i = 0; i < 50; i++)
            {
                int number = random.Next(4);
                try
                {
                    var owner = NativeMemoryOwner<byte>.CreateUninitialized(random.Next(100_000), budgets[number]);
                    var held = new Held(owner, levels[number], sums);
                    Assert.All(levels[number], level => Assert.InRange(Volatile.Read(ref sums[level]), 0, budgets[level].Limit));

                    // Another thread frees the block.
                    Interlocked.Exchange(ref handedOver[random.Next(4)], held)?.End();
                }
                catch (OutOfMemoryException)
                {
                    Interlocked.Increment(ref refusals);
                }

                NativeBuffer.TryCreate<byte>(random.Next(3_000), out NativeBuffer<byte> buffer, budgets[number]);
                buffer.Dispose();
                Assert.All(budgets, static budget => Assert.InRange(budget.UsedBytes, 0, budget.Limit));
            }
        }
    }

    [Fact]
    public void Budgets_end_and_their_numbers_go_to_other_budgets_while_threads_use_them()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(50_000_000);
        NativeMemoryBudget current = top.WithLimit(1_000_000);
        var handedOver = new NativeMemoryOwner<byte>?[4];
        new Race().Run([Replace, .. Enumerable.Repeat<Action<Random>>(Use, Threads - 1)]);
        Array.ForEach(handedOver, static owner => owner?.Dispose());
        Assert.Equal((0L, 0L), (top.UsedBytes, current.UsedBytes));
        using var all = NativeMemoryOwner<byte>.Create(50_000_000, top);

        void Replace(Random random)
        {
            for (int i = random.Next(2_000); i > 0; i--)
            {
                NativeBuffer.CreateUninitialized<byte>(100, top).Dispose();
            }

            Interlocked.Exchange(ref current, top.WithLimit(1_000_000)).Dispose();
        }

        void Use(Random random)
        {
            NativeMemoryBudget budget = Volatile.Read(ref current);
            try
            {
                for (int i = 0; i < 100; i++)
                {
                    NativeBuffer.CreateUninitialized<byte>(random.Next(1, 5_000), budget).Dispose();
                }

                var owner = NativeMemoryOwner<byte>.CreateUninitialized(random.Next(5_000), budget);
                Interlocked.Exchange(ref handedOver[random.Next(4)], owner)?.Dispose();
            }
            catch (ObjectDisposedException)
            {
                // The budget was replaced in between.
            }
        }
    }

    /// <summary>A free of no bytes waits while a sweep lets the budget go, and must not open the credit again.</summary>
    [Fact]
    public void A_budget_that_was_let_go_has_no_open_credit()
    {
        NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(1_000_000);
        for (int i = 0; i < 40; i++)
        {
            NativeBuffer.Create<byte>(100, budget).Dispose();
        }

        int number = budget.ChargedNumber;
        Assert.SkipWhen(number == 0, "A process with guards or tracking shows no number.");
        Race.RunRounds(4_000, Use, static round => SweepIf(round % 2 == 0));

        void Use(int round)
        {
            if (round % 2 == 0)
            {
                NativeBuffer.Create<byte>(100, budget).Dispose();
                for (int i = 0; i < 20; i++)
                {
                    NativeBuffer.Create<byte>(0, budget).Dispose();
                }
            }
            else
            {
                Assert.True(BudgetNumbers.Of(number) is not null || !HasCredit(number), "The credit is open, and its number is free for any budget.");
            }
        }

        static void SweepIf(bool isWanted)
        {
            if (isWanted)
            {
                BudgetNumbers.Sweep();
            }
        }

        static unsafe bool HasCredit(int number) => CreditTable.Find(CreditTable.Here, number)->IsOpen;
    }

    private sealed class Held
    {
        private readonly NativeMemoryOwner<byte> _owner;
        private readonly int[] _levels;
        private readonly long[] _sums;

        public Held(NativeMemoryOwner<byte> owner, int[] levels, long[] sums)
        {
            (_owner, _levels, _sums) = (owner, levels, sums);
            Count(owner.Length);
        }

        public void End()
        {
            Count(-_owner.Length);
            _owner.Dispose();
        }

        private void Count(long byteCount) => Array.ForEach(_levels, level => Interlocked.Add(ref _sums[level], byteCount));
    }
}
